"""Random models of tokens and sequences, padded or not, all correct.

Each is made from an integer, as those of `random_models` are.
"""

import numpy as np
from random_models import Case, random_network
from random_nets import Builder, random_end, random_weight

from minidl import (
    GRU,
    LSTM,
    RNN,
    Dropout,
    Embedding,
    LayerNorm,
    PositionalEncoding,
    SelfAttention,
)
from minidl.data import length_mask, pad_sequences

KINDS = [RNN, LSTM, GRU]


def random_sequences(seed, dtype=None):
    """Return the model of number `seed`, of a random dtype unless one is given, with a batch."""
    rng, child = (np.random.default_rng([seed, number]) for number in (17, 18))
    builder = Builder(rng)
    m, t, width = int(rng.integers(1, 5)), int(rng.integers(1, 6)), builder.width()
    skip_padding = bool(rng.random() < 0.5)
    lengths = rng.integers(1, t + 1, m) if skip_padding else np.full(m, t)
    layers = []
    if rng.random() < 0.4:
        size = int(rng.integers(2, 6))
        X = pad_sequences([rng.integers(skip_padding, size, n) for n in lengths])[0]
        layers.append(Embedding(size, width, padding=0 if skip_padding else None))
    else:
        X = pad_sequences([rng.standard_normal((n, width)) for n in lengths])[0]
        X *= 10 ** rng.uniform(-1, 1)
    count = int(rng.integers(1, 4))
    returns_sequences = bool(rng.random() < 0.5)
    for number in range(count):
        if rng.random() < 0.2:
            layers.append(Dropout(0.8))
        if child.random() < 0.3:
            layers.append(_of_positions(child, width, skip_padding=skip_padding))
        options = {
            "skip_padding": skip_padding,
            "return_sequences": number < count - 1 or returns_sequences,
            "learn_initial_state": bool(rng.random() < 0.4),
        }
        units = builder.width()
        layers.append(KINDS[rng.integers(3)](width, units, **options))
        width = units
    shape = (m, X.shape[1], width) if returns_sequences else (m, width)
    head, loss, Y, after = random_end(rng, builder, shape)
    layers += head
    model = random_network(rng, layers, loss, builder.scale, dtype)
    weight = None
    if type(loss).__module__.startswith("minidl.") and rng.random() < 0.5:
        weight = random_weight(rng, (m, *after[:-1]))
        if returns_sequences and skip_padding:
            weight = length_mask(lengths, X.shape[1])
    return Case(seed, model, X, Y, weight)


def _of_positions(rng, width, *, skip_padding):
    """Return a layer that keeps the shape of sequences."""
    kind = [SelfAttention, PositionalEncoding, LayerNorm][rng.integers(3)]
    options = {"skip_padding": skip_padding}
    if kind is SelfAttention:
        options["heads"] = int(rng.choice([n for n in range(1, width + 1) if width % n == 0]))
        options["causal"] = bool(rng.random() < 0.5)
    return kind(width, **options)
