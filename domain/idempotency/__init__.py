"""Idempotency 幂等: what was asked with a key and answered once is answered the same way again, and not done twice."""
