"""Customers 客户信息: who they are, who serves them, and what was said."""
