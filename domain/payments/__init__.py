"""Payments 支付: what is to be paid for an order, what providers say happened, and what is given back."""
