"""The tests that judge a declared service, one for each of its operations."""
