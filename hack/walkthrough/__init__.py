"""`make seed-walkthrough`: the document that the project comes from, row by row on a cluster."""
