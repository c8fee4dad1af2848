"""Web pages: a page is an operation and a template (README.md in this folder says how to add one)."""
