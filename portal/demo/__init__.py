"""The demonstration world: made from a seed, in Chinese, plausible for the paper, and synthetic throughout."""
