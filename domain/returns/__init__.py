"""Returns 退货: goods that come back, and the money, points and pieces that go back for them."""
