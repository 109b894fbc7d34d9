"""Pure checks over exchanges and rows, one idea a module; each returns its reasons and knows nothing of pytest."""
