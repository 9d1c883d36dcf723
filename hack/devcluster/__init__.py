"""A real Kubernetes and object store for this project's demo and tests, without a container engine.

Exists because a machine may have no Docker and no image registry, yet the promise of this project is only
worth something on a real kubelet and a real API server. It uses the standard library alone: it runs before
any virtual environment exists. It knows nothing of SegCompress itself: no CRD, no chart, no image of ours.
"""
