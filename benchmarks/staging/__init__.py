"""The gate on a database that others use: no finding on a clean runner, and violations are caught all the same."""
