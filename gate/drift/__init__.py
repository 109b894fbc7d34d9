"""What is published, what the target serves, and what the suite and the portal use: whether these are one contract."""
