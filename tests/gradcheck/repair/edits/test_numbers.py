"""Edits of numbers, axes, powers and slices: what they say of mistakes."""

import numpy as np

from tests.gradcheck.repair.edits.wrong_functions import draw, explained


def test_a_wrong_power():
    def forward(x, w):
        return w / (1 + x**2) + x

    def backward(dy, x, w):
        return dy * (1 - 2 * x * w / (1 + x**2)), dy / (1 + x**2)

    said = explained(forward, backward, draw(3, 4), draw(3, 4))
    assert "right with" in said
    assert "(1 + x ** 2) ** 2`" in said


def test_a_missing_factor_of_two():
    def forward(x, w):
        return (x + w) ** 2 + x

    def backward(dy, x, w):
        s = x + w
        return dy * (s + 1), 2 * dy * s

    said = explained(forward, backward, draw(3, 4), draw(3, 4))
    assert "right with `s * 2" in said or "right with `s + s" in said


def test_a_shifted_slice():
    def forward(x):
        return x[1:] - 0.5 * x[:-1] ** 2

    def backward(dy, x):
        dx = 0 * x
        dx[1:] += dy
        dx[:-1] -= dy * x[1:]
        return dx

    said = explained(forward, backward, draw(6, 1))
    assert "right with `:-1` for `1:`" in said


def test_a_loop_that_ends_one_step_early():
    def forward(x):
        return np.cumsum(x, axis=0) * x

    def backward(dy, x):
        dx = dy * np.cumsum(x, axis=0)
        later = 0 * x[0]
        for t in range(4, 0, -1):
            later = later + dy[t] * x[t]
            dx[t] += later
        return dx

    said = explained(forward, backward, draw(5, 2))
    assert "a loop begins or ends one step off" in said


def test_an_index_off_by_one():
    def forward(x):
        y = 0 * x
        for t in range(1, 5):
            y[t] = x[t] * x[t - 1]
        return y

    def backward(dy, x):
        dx = 0 * x
        for t in range(1, 5):
            dx[t] += dy[t] * x[t]
            dx[t - 1] += dy[t] * x[t]
        return dx

    assert "right with `t - 1` for `t`" in explained(forward, backward, draw(5, 2))


def test_a_power_that_is_a_variable():
    def forward(x):
        return x**3

    def backward(dy, x):
        n = 3
        return dy * n * x**n

    assert "a wrong power; right with `n - 1` for `n`" in explained(forward, backward, draw(3, 4))


def test_an_index_lacks_an_offset():
    def forward(x):
        return np.stack([x[:3].max(axis=0), x[3:].max(axis=0)])

    def backward(dy, x):
        dx = np.zeros_like(x)
        dx[x[:3].argmax(axis=0), [0, 1]] = dy[0]
        dx[x[3:].argmax(axis=0), [0, 1]] = dy[1]
        return dx

    said = explained(forward, backward, draw(7, 2))
    assert "right with `x[3:].argmax(axis=0) + 3` for `x[3:].argmax(axis=0)`" in said


def test_a_slice_is_another_part():
    def forward(a, b):
        return np.concatenate([a, b], axis=1) ** 2

    def backward(dy, a, b):
        da = 2 * dy[:, 5:] * a
        return da, 2 * dy[:, 3:] * b

    assert "right with `:3` for `5:`" in explained(forward, backward, draw(4, 3), draw(4, 5))


def test_a_slice_is_shifted_at_both_ends():
    def backward(dy, x):
        return dy[:, :-2] * np.cos(x)

    def forward(x):
        return np.pad(np.sin(x), ((0, 0), (1, 1)))

    assert "right with `1:-1` for `:-2`" in explained(forward, backward, draw(3, 4))


def correlate(x, w):
    return sum(w[k] * x[:, k : k + 6] for k in range(3)) ** 2


def test_a_slice_does_not_move_with_the_loop():
    def backward(dy, x, w):
        dx, dw, dz = np.zeros_like(x), np.zeros_like(w), 2 * dy * correlate(x, w) ** 0.5
        for k in range(3):
            dx[:, k : k + 6] += w[k] * dz
            dw[k] = (dz * x[:, :6]).sum()
        return dx, dw

    said = explained(correlate, backward, np.abs(draw(4, 8)), np.abs(draw(3)))
    assert "right with `k:k + 6` for `:6`" in said


def test_a_kernel_is_flipped():
    def backward(dy, x, w):
        dx, dw, dz = np.zeros_like(x), np.zeros_like(w), 2 * dy * correlate(x, w) ** 0.5
        for k in range(3):
            dx[:, k : k + 6] += np.multiply(w[2 - k], dz)
            dw[k] = (dz * x[:, k : k + 6]).sum()
        return dx, dw

    said = explained(correlate, backward, np.abs(draw(4, 8)), np.abs(draw(3)))
    assert "right with `w[k]` for `w[2 - k]`" in said


def test_one_element_is_taken_for_a_sum():
    def forward(x, b):
        return x * np.exp(b)[:, None, None]

    def backward(dy, x, b):
        return dy * np.exp(b)[:, None, None], (dy * x)[:, 0, 0] * np.exp(b)

    said = explained(forward, backward, draw(3, 2, 2), draw(3) + 1)
    assert "right with `(dy * x).sum(axis=(1, 2))` for `(dy * x)[:, 0, 0]`" in said


def test_a_slice_is_taken_for_an_index():
    def forward(x, w, chosen):
        return (x * w[chosen]) ** 2

    def backward(dy, x, w, chosen):
        dz, dw = 2 * dy * x * w[chosen], np.zeros_like(w)
        np.add.at(dw, chosen, dz * x)
        return dz * w[:3], dw, None

    said = explained(forward, backward, draw(3, 2), draw(4, 2), np.array([2, 0, 2]))
    assert "right with `w[chosen]` for `w[:3]`" in said


def test_the_padding_is_cut_off_at_the_wrong_place_along_both_axes():
    def forward(x):
        padded = np.pad(x, 1)
        return padded[:-1, :-1] * padded[1:, 1:]

    def backward(dy, x):
        padded = np.pad(x, 1)
        dx = np.zeros(padded.shape)
        dx[:-1, :-1] += dy * padded[1:, 1:]
        dx[1:, 1:] += dy * padded[:-1, :-1]
        return dx[:-2, :-2]

    said = explained(forward, backward, draw(5, 4))
    assert "slices are shifted; right with `1:-1` for `:-2`" in said


def test_slices_lack_a_stride():
    def forward(x):
        return x[:, ::2][:, :3] * np.array([1.0, 2.0, 3.0]) + x[:, 1::2][:, :3] ** 2

    def backward(dy, x):
        dx = np.zeros_like(x)
        for i in range(2):
            slope = np.array([1.0, 2.0, 3.0]) if i == 0 else 2 * x[:, 1::2][:, :3]
            dx[:, i : i + 3] += dy * slope
        return dx

    said = explained(forward, backward, draw(5, 6))
    assert "slices lack a stride of 2; right with `dx[:, i:i + 2 * 3:2]`" in said
