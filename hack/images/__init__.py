"""Builds the images `operator` and `runner`: by Docker where an engine answers, by buildah where none does.

Exists because the demo and the tests need real images on machines without a container engine and without an
image registry. It uses the standard library alone: it runs before any virtual environment exists. What is in
an image is said by the Dockerfile and by nothing here.
"""
