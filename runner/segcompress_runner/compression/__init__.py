"""PaddleSlim ACT: the only room that knows it."""
