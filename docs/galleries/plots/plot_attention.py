"""
Where attention looks
=====================

A layer of attention has learned to turn sequences round: each position looks at its mirror image.
"""

import numpy as np

from minidl import Adam, CategoricalCrossEntropy, Embedding, Linear, PositionalEncoding
from minidl import SelfAttention, Sequential, Softmax, plots

tokens = np.random.default_rng(0).integers(0, 10, (500, 8))
layers = [Embedding(10, 32), PositionalEncoding(32), SelfAttention(32), Linear(32, 10), Softmax()]
model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=0)
backwards = tokens[:, ::-1].copy()
model.fit(tokens, backwards, optimizer=Adam(0.01), epochs=15, batch_size=50, progress=False)
axes = plots.attention(model, tokens[0], 2, tokens=[str(token) for token in tokens[0]])
