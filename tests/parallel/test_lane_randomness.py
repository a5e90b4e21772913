import copy

import numpy as np

from minidl import Dropout
from minidl.parallel.lane_randomness import LaneRandomness


def draws(seed, lanes, steps=2):
    """Return what two layers draw in each lane of each step, and the state at the end."""
    layers = [Dropout(0.5), Dropout(0.5)]
    for layer, rng in zip(layers, np.random.default_rng(seed).spawn(2), strict=True):
        layer.rng = rng
    randomness, drawn = LaneRandomness(layers), {}
    for step in range(steps):
        randomness.draw()
        for lane in lanes:
            randomness.give(lane)
            drawn[step, lane] = [layer.rng.random() for layer in layers]
        randomness.restore()
    return drawn, [layer.rng.bit_generator.state for layer in layers]


def test_numbers_depend_on_seed_layer_step_and_lane_but_not_on_the_process():
    drawn, state = draws(0, range(4))
    numbers = [number for each in drawn.values() for number in each]
    assert len(set(numbers)) == 2 * 2 * 4
    part, same_state = draws(0, [2])
    assert part == {place: drawn[place] for place in part}
    assert same_state == state
    assert draws(1, [2])[0] != part


def test_layers_have_their_own_generators_again():
    layer = Dropout(0.5)
    layer.rng = rng = np.random.default_rng(0)
    randomness = LaneRandomness([layer])
    randomness.draw()
    randomness.give(3)
    assert layer.rng is not rng
    randomness.restore()
    assert layer.rng is rng


def test_copies_get_the_same_numbers():
    layer = Dropout(0.5)
    layer.rng = np.random.default_rng(0)
    twin, randomness = copy.deepcopy(layer), LaneRandomness([layer])
    randomness.draw()
    randomness.give(1)
    randomness.give(1, [twin])
    assert twin.rng.random() == layer.rng.random()
