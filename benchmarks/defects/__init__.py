"""The gate against runners with known defects: whether it turns red for each, and for the right reason."""
