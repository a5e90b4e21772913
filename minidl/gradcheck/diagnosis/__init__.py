"""What a wrong gradient looks like: patterns, and the gradients that known mistakes would give."""
