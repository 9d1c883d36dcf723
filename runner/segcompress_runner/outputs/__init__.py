"""What a run leaves behind: exports, results, the published manifest."""
