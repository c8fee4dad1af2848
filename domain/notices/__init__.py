"""Notices 通知: what members are told inside the platform, in their language at the time of reading."""
