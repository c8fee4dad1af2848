"""The OAuth 2.1 authorization server and OpenID Connect provider.

Now: the public keys (`keys.py`). Here will live: the authorization, token, revocation, introspection and
pushed-authorization endpoints; the metadata
documents under `/.well-known/`; the consent page; machine clients; single-use codes and refresh tokens as families
(`Grant`); sign-in by TOTP and passkey; upstream sign-in for staff. It issues the access tokens that
`domain/identity/tokens.py` mints and `portal/bearer.py` verifies; until then `quadrant token` is their only issuer.
"""
