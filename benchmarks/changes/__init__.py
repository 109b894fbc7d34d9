"""Pairs of documents whose answer is known, for the comparison of contracts: ``bench changes``."""
