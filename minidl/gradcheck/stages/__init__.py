"""The stages of a model check, each a function of the context and of earlier results.

In this order: contract, loss, layers, penalties, network, diagnosis. `central` is a separate
check, by plain central differences.
"""
