"""Settings of every test."""

import signal

from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell script
    signal.signal(signal.SIGINT, signal.default_int_handler)  # many tests press Ctrl-C

collect_ignore = ["reference", "mutation/operators.py"]  # they need torch and Cosmic Ray

settings.register_profile("minidl", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("minidl")
