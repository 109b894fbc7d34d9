"""A first look at a service of which little is known, which ``gate init`` makes a declaration of.

- ``guesses``: what the document alone shows.
- ``samples``: a plausible request for an operation.
- ``rows``: what requests do to the tables.
- ``trial``: each operation, tried once.
- ``writing``: the declaration, with the reason of each guess.
"""
