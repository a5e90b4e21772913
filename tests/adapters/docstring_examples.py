"""Examples of docstrings that are skipped where their package is not installed."""

import doctest

import numpy as np


def run_examples(function):
    """Run the examples of a docstring, also those that are skipped elsewhere."""
    text = function.__doc__.replace("# doctest: +SKIP", "")
    test = doctest.DocTestParser().get_doctest(text, {"np": np}, function.__name__, None, 0)
    results = doctest.DocTestRunner().run(test)
    assert results.attempted > 2
    assert not results.failed
