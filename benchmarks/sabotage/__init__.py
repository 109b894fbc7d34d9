"""The gate with something broken in itself or around it: it must not pass without judging, nor blame the build."""
