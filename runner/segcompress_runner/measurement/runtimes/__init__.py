"""The runtimes that latency is measured on: one module each, one protocol."""
