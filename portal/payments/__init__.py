"""Payments at the front door: the way to the provider's page, its webhooks, and what it is asked beside all requests."""
