"""How a promise meets a system: targets, oracles, evidence and verdict. Nothing in here knows of pytest."""
