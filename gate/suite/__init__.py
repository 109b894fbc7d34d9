"""The pytest plugin that starts targets and workers, records, judges and reports."""
