"""Defects that the deployed system had: one module each, a small patch that puts it into an unmodified runner.

A module ``dNN_slug.py`` has a docstring (what it is, where it came from, which check must catch it) and these names:

- ``CAUGHT_BY``: the findings that are about the defect, each a code of ``./scripts/gate explain``, and behind a blank a
  regular expression that has to be found in where it shows, as in ``BG-HTTP-004 bias-analysis``. With one, the code may
  be that of a group, as in ``BG-INV overdue``.
- ``CAUSE``: words; a finding names the cause when one of them is in its title, explanation, place, or in what was
  expected or there. Case does not matter.
- ``apply()``: puts the defect there; PatchError where what it changes is no longer as it was.
- ``KIND``, where it is not ``runner``: ``migration`` (the schema is made with it as well), ``backfill``, or
  ``portal``, ``document``, ``payload``: a file is at fault, and ``apply()`` changes it in a copy of the checkout.
- ``INSTEAD``, where the runner cannot have the defect: why, and which relative stands for it.
"""

TOGETHER = ("D01", "D03", "D14", "D21", "D22", "D32", "D46", "D50", "D51", "D56")
"""Defects that leave each other room: they are put into one runner at once, and their causes have to be told apart."""
