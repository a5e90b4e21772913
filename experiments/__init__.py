"""The studies of the course, one script each: `python -m experiments.NAME`."""
