"""Mutants of the runner: small changes of its source that the gate should notice."""
