"""OpenID Connect: single sign-on with a company's identity provider."""
