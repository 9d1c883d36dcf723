"""PaddleSlim ACT: the only package that imports it."""
