"""Fuzzing of the published contract: generated requests and sequences, judged by the answer and by the rows."""
