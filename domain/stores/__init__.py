"""Stores 线下体验店: where they are, when they are open, and appointments there."""
