"""Errors, settings, exchanges, findings and the HTTP client: the types that every other room uses."""
