"""What is measured: each module makes the ASGI application of one server process, or starts a server of another kind."""
