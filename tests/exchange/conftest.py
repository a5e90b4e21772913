"""Configuration of the tests of `minidl.exchange`."""

collect_ignore = ["recorded"]  # a script, which needs torch
