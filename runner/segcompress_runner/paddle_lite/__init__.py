"""Paddle-Lite, whose wheel needs a Python of its own: models for phones, made and run in other processes."""
