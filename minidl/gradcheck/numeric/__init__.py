"""Numeric derivatives and gradients, each with a bound of its error."""
