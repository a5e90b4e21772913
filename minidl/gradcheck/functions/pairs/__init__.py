"""Pairs of a forward and a backward function: their inputs, calls, results and rules."""
