"""The gate against runners with known defects: it must fail for each, and for the right reason."""
