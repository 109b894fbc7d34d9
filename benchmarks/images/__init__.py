"""Builds the images of the containers target: the runner's, and without a registry those below it."""
