"""The engine: judges a service by what it answers and what it stores."""

__version__ = "0.1.0"
