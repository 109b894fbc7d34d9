"""The OpenAPI document: loading, operations, coverage, comparison and consumer contracts."""
