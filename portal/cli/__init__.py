"""The command line `quadrant`: one module a command."""
