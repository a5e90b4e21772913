"""
Attention weights of your own
=============================

Any array of attention weights: here each position looks at itself and at those before it.
"""

import numpy as np

from minidl import plots

scores = np.where(np.tri(6) > 0, np.arange(6) - np.arange(6)[:, None], -np.inf)
weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
words = ["the", "cat", "sat", "on", "the", "mat"]
axes = plots.attention_weights(weights[np.newaxis], tokens=words)
