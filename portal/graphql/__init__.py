"""The GraphQL door: HTTP, server-sent events and WebSocket, by their specifications, in front of one engine."""
