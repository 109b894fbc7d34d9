"""The reference runner of Project Beacon: runs benchmark jobs in several regions and compares their answers."""

__version__ = "0.1.0"
