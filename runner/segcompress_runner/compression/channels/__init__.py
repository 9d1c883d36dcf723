"""Channels of a network that can be removed: which belong together, which must stay, which matter least."""
