"""Parameters and buffers come back bit for bit, in the memory where they were."""

import numpy as np
from stateful_layers import KeepsABuffer

from minidl import Chain, Linear
from minidl.layers.members_snapshot import MembersSnapshot


def test_values_gradients_and_buffers_come_back_in_their_memory():
    layer = Chain(Linear(2, 2), KeepsABuffer())
    parameters, buffers = layer.parameters(), layer.buffers()
    arrays = [array for p in parameters.values() for array in (p.value, p.grad)]
    arrays += [buffer.value for buffer in buffers.values()]
    arrays[1].view(np.uint32)[...] = 0x7FC00123  # NaN with a mark of its own
    before = [array.tobytes() for array in arrays]
    snapshot = MembersSnapshot([layer])
    for _ in range(2):
        for parameter in parameters.values():
            parameter.value[...] = 7
            parameter.grad[...] = 8
        parameters["0.weight"].memory = np.ones((2, 2)), np.ones((2, 2))
        buffers["1.mean"].value = [3, 4]
        buffers["1.mean"].memory = np.ones(2)
        snapshot.restore()
        assert [array.tobytes() for array in arrays] == before
        assert parameters["0.weight"].value is arrays[0]
        assert parameters["0.weight"].grad is arrays[1]
        assert buffers["1.mean"].value is arrays[-1]


def test_what_can_only_be_read_is_not_copied():
    layer = Linear(2, 1)
    for parameter in (layer.weight, layer.bias):
        for array in (parameter.value, parameter.grad):
            array.flags.writeable = False
    snapshot = MembersSnapshot([layer])
    layer.weight.memory = None
    snapshot.restore()
    assert not layer.weight.value.flags.writeable
