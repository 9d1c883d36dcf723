"""report.html: everything that result.json tells, for people. One file that needs no network."""
