"""How stores are answered, and what is done about them."""
