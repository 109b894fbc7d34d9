"""The portal in a real browser: who serves it, what it calls, and what it reads of the answers."""
