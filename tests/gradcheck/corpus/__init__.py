"""A corpus of functions with right and wrong backward passes, in several precisions.

``python -m tests.gradcheck.corpus`` checks all of it. To add a function, add one class to a file in
``fields/``; `case` explains its parts.
"""
