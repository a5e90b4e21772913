"""Where a large gradient is wrong: probes find it, then elements are computed there."""
