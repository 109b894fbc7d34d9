"""Benchmarks: figures of the gate and the runner, mutants of the runner, and other tools beside the gate."""
