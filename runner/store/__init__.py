"""The database as the HTTP interface uses it: plain SQL, one module for each kind of row."""
