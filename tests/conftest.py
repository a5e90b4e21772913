"""Settings of every test."""

from hypothesis import settings

collect_ignore = ["reference"]  # a script, which needs torch

settings.register_profile("minidl", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("minidl")
