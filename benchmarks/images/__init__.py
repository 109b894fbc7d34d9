"""Builds the images of the containers target: the runner's, and where no registry can be reached those below it."""
