"""The engine: judges an HTTP service by its OpenAPI document and its Postgres database."""
