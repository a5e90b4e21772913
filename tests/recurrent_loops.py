"""Recurrent layers by plain loops over examples and steps, and batches for them."""

import numpy as np

from minidl import GRU, LSTM, RNN

KINDS = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn_step(p, x, h, c):
    return np.tanh(p["weight"] @ x + p["bias"] + p["recurrent_weight"] @ h), c


def lstm_step(p, x, h, c):
    z_i, z_f, z_g, z_o = np.split(p["weight"] @ x + p["bias"] + p["recurrent_weight"] @ h, 4)
    c = sigmoid(z_f) * c + sigmoid(z_i) * np.tanh(z_g)
    return sigmoid(z_o) * np.tanh(c), c


def gru_step(p, x, h, c):
    of_x, of_h = np.split(p["weight"] @ x + p["bias"], 3), np.split(p["recurrent_weight"] @ h, 3)
    r, u = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
    n = np.tanh(of_x[2] + r * (of_h[2] + p["recurrent_bias"]))
    return (1 - u) * n + u * h, c


STEPS = {"RNN": rnn_step, "LSTM": lstm_step, "GRU": gru_step}


def length(sequence):
    """Return the number of steps up to the last one that is not 0."""
    while len(sequence) and not sequence[-1].any():
        sequence = sequence[:-1]
    return len(sequence)


def outputs(layer, x):
    """Return the output of a recurrent layer, computed in float64 by loops."""
    p = {name: parameter.value.astype(float) for name, parameter in layer.parameters().items()}
    m, t, _ = x.shape
    zeros = np.zeros(layer.units)
    sequences, last = np.zeros((m, t, layer.units)), np.zeros((m, layer.units))
    for i in range(m):
        h, c = p.get("initial_state", zeros), p.get("initial_cell", zeros)
        for k in range(length(x[i]) if layer.skip_padding else t):
            h, c = STEPS[type(layer).__name__](p, x[i, k].astype(float), h, c)
            sequences[i, k] = h
        last[i] = h
    return sequences if layer.return_sequences else last


def drawn(layer, seed=0, dtype=np.float64, scale=1.0):
    """Return the layer with normally distributed parameters in a dtype."""
    rng = np.random.default_rng(seed)
    for parameter in layer.parameters().values():
        value = scale * rng.standard_normal(parameter.shape)
        parameter.bind(np.empty(parameter.shape, dtype), np.empty(parameter.shape, dtype))
        parameter.value = value.astype(dtype)
    return layer


def padded(m=5, t=6, d=3, seed=0, dtype=np.float64):
    """Return sequences of lengths 0, 1, ..., in turn, one with a step of zeros in its middle."""
    x = np.random.default_rng(seed).standard_normal((m, t, d)).astype(dtype)
    for i in range(m):
        x[i, (t - i) % (t + 1) :] = 0
    if t > 2:
        x[0, 1] = 0
    return x
