"""Mutants of the runner: small changes of its source, each of which the gate ought to notice."""
