"""The stages of a model check, each a function of the context and of earlier results."""
