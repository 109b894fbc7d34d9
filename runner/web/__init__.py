"""The HTTP interface: one module for each area of the published contract."""
