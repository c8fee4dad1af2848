"""The front door: GraphQL over HTTP, pages, command line."""
