"""The stages of a model check, each a function of the context and of earlier results.

In this order: contract, loss, layers, penalties, network, diagnosis. `central` is a check of its
own, by plain central differences.
"""
