"""Consumer contracts: what a client calls and reads, held against the published contract and against a live runner."""
