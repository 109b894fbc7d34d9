"""Fuzzing of any service: ids learned from answers, row oracles, confirmation on a fresh database."""
