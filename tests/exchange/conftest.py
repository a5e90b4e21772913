"""Settings of these tests."""

collect_ignore = ["recorded"]  # a script, which needs torch
