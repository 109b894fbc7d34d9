"""From journal events to a verdict and its reports."""
