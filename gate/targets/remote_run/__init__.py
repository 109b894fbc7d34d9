"""Safety on somebody else's machine: the address, the limits, the guard, the ledger, and the clean-up."""
