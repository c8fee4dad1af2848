"""A payment provider for trying things out: a small application of its own, with its own state, that takes no money."""
