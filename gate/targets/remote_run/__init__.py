"""What keeps a run against somebody else's runner safe: its address, its limits, its ledger, and the removal."""
