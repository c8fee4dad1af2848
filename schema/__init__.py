"""What clients see: a module per capability, and the committed SDL."""
