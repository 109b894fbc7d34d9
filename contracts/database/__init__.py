"""The contract of the database: its schema, its rows one by one, and the invariants between rows."""
