"""Tills 收银: what is sold in a store to its customers, paid there, and given back there."""
