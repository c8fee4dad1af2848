"""Orders: what customers bought, and the import of purchase history."""
