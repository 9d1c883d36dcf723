"""What a run starts from: pictures with masks, and an inference model."""
