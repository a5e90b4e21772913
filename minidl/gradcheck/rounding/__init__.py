"""The rounding error of analytic gradients, and the comparison within it."""
