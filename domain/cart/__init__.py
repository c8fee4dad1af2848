"""Cart 购物车: what somebody wishes to buy, and the checkout that makes an order of it."""
