"""Mini-batches, and rows read from arrays that do not fit into memory."""

from .minibatches import MiniBatches

__all__ = [
    "MiniBatches",
]
