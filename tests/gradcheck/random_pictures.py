"""Random models of pictures and sequences of all public layers, in containers too, all correct.

Each is made from an integer, as those of `random_models` are. `random_sequences` has padded ones.
"""

import numpy as np
from random_models import Case, random_input, random_network
from random_nets import Builder, random_end, random_weight

from minidl import (
    GRU,
    LSTM,
    RNN,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Embedding,
    Flatten,
    GlobalAvgPool2D,
    LayerNorm,
    MaxPool2D,
    PositionalEncoding,
    Reshape,
    SelfAttention,
    SigmoidCrossEntropy,
    Upsample2D,
)

MOST_PIXELS = 64


def random_picture_net(seed, dtype=None):
    """Return the model of number `seed`, of a random dtype unless one is given, with a batch."""
    rng = np.random.default_rng([seed, 18])
    builder = PictureBuilder(rng)
    m = int(rng.integers(2, 5))
    layers = []
    if rng.random() < 0.6:
        shape = (*(int(n) for n in rng.integers(2, 6, 2)), builder.width())
        X = random_input(rng, (m, *shape))
    elif rng.random() < 0.3:
        shape, size = (int(rng.integers(2, 6)), builder.width()), int(rng.integers(2, 6))
        X = rng.integers(0, size, (m, shape[0]))
        layers.append(Embedding(size, shape[1]))
    else:
        shape = (int(rng.integers(2, 6)), builder.width())
        X = random_input(rng, (m, *shape))
    inner, shape = builder.layers(shape, int(rng.integers(2, 5)))
    layers += inner
    if len(shape) == 3 and rng.random() < 0.7:
        layers.append(GlobalAvgPool2D() if rng.random() < 0.5 else Flatten())
        after = shape[-1:] if isinstance(layers[-1], GlobalAvgPool2D) else (int(np.prod(shape)),)
        shape = after
    head, loss, Y, shape = random_end(rng, builder, (m, *shape))
    if rng.random() < 0.1:
        head, loss, Y = head[:1], SigmoidCrossEntropy(), rng.integers(0, 2, (m, *shape))
    layers += head
    model = random_network(rng, layers, loss, builder.scale, dtype)
    for name, buffer in model.buffers.items():
        buffer.value = rng.uniform(0.3, 2.0, buffer.shape) * (1 if name.endswith("var") else 0.5)
    weight = None
    if type(loss).__module__.startswith("minidl.") and rng.random() < 0.3:
        weight = random_weight(rng, (m, *shape[:-1]))
    return Case(seed, model, X, Y, weight)


class PictureBuilder(Builder):
    """Draws the layers of pictures (h, w, c) and sequences (t, c), and all of `random_nets`."""

    def layer(self, shape, depth, *, same_positions):
        """Return a layer, and the shape after it; the axes but the last can be kept."""
        if self.rng.random() < 0.55:
            return super().layer(shape, depth, same_positions=same_positions)
        if self.rng.random() < 0.25:
            normalizations = [BatchNorm, LayerNorm] if shape[-1] > 1 else [BatchNorm]
            return self.choice(normalizations)(shape[-1]), shape
        if len(shape) == 3:
            return self.of_pictures(shape, same_positions=same_positions)
        if len(shape) == 2:
            return self.of_sequences(shape, same_positions=same_positions)
        return super().layer(shape, depth, same_positions=same_positions)

    def of_pictures(self, shape, *, same_positions):
        """Return a layer of pictures."""
        h, w, c = shape
        if same_positions or self.rng.random() < 0.4:
            return self.convolution(Conv2D, shape, same_positions=same_positions)
        kind = self.choice([MaxPool2D, MaxPool2D, AvgPool2D, AvgPool2D, Upsample2D, Reshape])
        if kind is Upsample2D:
            factor = tuple(int(n) for n in self.rng.integers(1, 3, 2))
            after = (h * factor[0], w * factor[1], c)
            small = after[0] * after[1] <= MOST_PIXELS
            return (Upsample2D(factor), after) if small else (Upsample2D(1), shape)
        if kind is Reshape:
            return Reshape((h * w, -1)), (h * w, c)
        size = int(self.rng.integers(1, min(h, w, 3) + 1))
        stride = int(self.rng.integers(1, 3))
        layer = kind(size, stride=stride)
        return layer, layer.output_shape(shape)

    def convolution(self, kind, shape, *, same_positions):
        """Return a convolution whose kernel fits."""
        channels = self.width()
        smallest = min(shape[:-1])
        if same_positions or self.rng.random() < 0.3:
            kernel = int(self.rng.choice([1, 3]))
            layer = kind(shape[-1], channels, kernel, padding="same", bias=self.coin())
        else:
            kernel, padding = (int(n) for n in self.rng.integers((1, 0), (4, 2)))
            stride, dilation = (int(n) for n in self.rng.integers(1, 3, 2))
            if dilation * (kernel - 1) + 1 > smallest + 2 * padding:
                kernel, dilation = 1, 1
            options = {"stride": stride, "padding": padding, "dilation": dilation}
            layer = kind(shape[-1], channels, kernel, bias=self.coin(), **options)
        return layer, layer.output_shape(shape)

    def of_sequences(self, shape, *, same_positions):
        """Return a layer of sequences."""
        _, c = shape
        kind = self.choice([Conv1D, Conv1D, SelfAttention, PositionalEncoding, RNN, LSTM, GRU])
        if kind is Conv1D:
            return self.convolution(kind, shape, same_positions=same_positions)
        if kind is SelfAttention:
            heads = self.choice([n for n in range(1, c + 1) if c % n == 0])
            return SelfAttention(c, heads, causal=self.coin()), shape
        if kind is PositionalEncoding:
            return PositionalEncoding(c), shape
        sequences = same_positions or self.coin()
        layer = kind(c, self.width(), return_sequences=sequences)
        return layer, layer.output_shape(shape)

    def coin(self):
        """Return True or False."""
        return bool(self.rng.random() < 0.5)
