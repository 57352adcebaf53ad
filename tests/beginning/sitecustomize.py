"""Python imports this at its start where the folder is on PYTHONPATH: tests/conftest.py puts it there."""

import guard  # tests.beginning.guard

guard.begin()
guard.strict()
