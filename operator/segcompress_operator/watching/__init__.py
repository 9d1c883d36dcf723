"""Streams of objects from the API server, and the stores that they feed."""
