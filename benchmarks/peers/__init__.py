"""Other tools beside the gate: the same runner, the same contract, the same defects."""
