"""Throw-away Postgres servers: start, supervision and database clones."""
