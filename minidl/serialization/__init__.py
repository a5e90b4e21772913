"""Models and training states in files."""
