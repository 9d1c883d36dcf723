"""Annotations as labelling programs save them, drawn into masks of class ids."""
