"""A network of PaddleSeg as an inference model: its section of a configuration, its weights, its export."""
