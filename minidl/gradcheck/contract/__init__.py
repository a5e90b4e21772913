"""The contract of layers, losses and penalties: rules that need no derivative."""
