"""SegCompress from Python and from a terminal: `segcompress.client`, and the command `segcompress`."""
