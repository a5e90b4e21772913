"""Changes to the code, one at a time, and which tests notice them: ``python -m tests.mutation``."""
