"""Decisions about a SegCompressionSweep: which trials to make, which to suspend, and what to say of them."""
