"""What is promised, as data, and the few lines that read it. Nothing in here knows who keeps or checks a promise."""
