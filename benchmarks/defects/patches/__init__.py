"""Patches that put a known defect into an unmodified runner: one module ``dNN_name.py`` each.

``apply()`` puts the defect in place and raises PatchError when what it changes is no longer there. ``../defects.toml``
says what each defect is and which findings count as catching it.
"""
