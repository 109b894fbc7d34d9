"""The demo: the reference runner with a database, a router stand-in with answers to compare, and finished jobs."""
