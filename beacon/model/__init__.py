"""A model of the runner, written from the published contract: it predicts answers, rows and listings."""
