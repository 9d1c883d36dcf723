"""`make demo`: the main job from nothing to its table of results, with nothing mocked."""
