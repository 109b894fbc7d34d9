"""Services that others wrote, and a small one of our own with seeded faults, judged by the engine."""
