"""Measurements of the platform against what could be: `make bench`."""
