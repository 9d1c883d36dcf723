"""Reads the cluster, decides, writes: the operator of SegCompressionJob (docs/architecture.md)."""
