"""What a model is worth: accuracy, latency, sparsity, and the gates on them."""
