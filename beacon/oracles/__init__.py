"""Oracles for the promises of the Project Beacon runner."""
