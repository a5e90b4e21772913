import math
from types import SimpleNamespace

import numpy as np
import parallel_cases
import pytest
from parallel_cases import X, Y

from minidl.batching.batch import Batch, BatchPart
from minidl.batching.own_lanes import OwnLanes
from minidl.parallel.evaluation import LaneEvaluation, shared_weight
from minidl.parallel.lane_tree import LaneTree
from minidl.parallel.process_group import ProcessGroup
from minidl.parallel.reduction import OrderedSum


def evaluated(rows, *, n_lanes=4, variant="L2", is_finite=lambda forward_pass: True):
    """Return the objective of the first rows, its gradient and the outputs of all of them."""
    objective = parallel_cases.build(variant).astype(np.float64).objective_function
    lanes = OwnLanes(n_lanes, 0, n_lanes, "")
    size, dtype = objective.parameters.size, objective.dtype
    reduction = OrderedSum(ProcessGroup(), LaneTree(n_lanes), [(0, n_lanes)], size, dtype)
    evaluation = LaneEvaluation(objective, lanes, reduction, is_finite)
    data = BatchPart.of(Batch(*(array[:rows].astype(dtype) for array in (X, Y))), rows)
    total, forward_pass = evaluation.value_and_gradient(data)
    return objective, data, total, objective.parameters.grad.copy(), forward_pass


@pytest.mark.parametrize("rows", [21, 4, 3, 1])  # the last two leave lanes empty
def test_lanes_make_the_objective_of_the_batch(rows):
    objective, data, total, gradient, forward_pass = evaluated(rows)
    expected, whole_pass = objective.value_and_gradient(data, training=True)
    assert total == pytest.approx(expected)
    assert gradient == pytest.approx(objective.parameters.grad)
    assert forward_pass.output == pytest.approx(whole_pass.output)


@pytest.mark.parametrize("n_lanes", [3, 4])
def test_what_is_not_finite_in_one_lane_makes_the_loss_nan(n_lanes):
    seen = []

    def is_finite(forward_pass):
        seen.append(len(forward_pass.output))
        return len(seen) < n_lanes

    total, _, forward_pass = evaluated(21, is_finite=is_finite)[2:]
    assert math.isnan(total)
    assert seen == [6, 5, 5, 5][:n_lanes]  # the layers still hold what this lane has computed
    assert len(forward_pass.outputs[0]) == 5


def test_the_share_of_a_part_is_that_of_its_rows():
    part = Batch(X[:3], Y[:3])
    assert shared_weight(part, 0.25).tolist() == [0.25] * 3
    weight = np.array([[1.0, 0.0], [2.0, 3.0], [0.5, 1.0]])
    assert shared_weight(part._replace(sample_weight=weight), 0.5).tolist() == (weight / 2).tolist()


def test_layers_have_their_own_generators_after_an_error(monkeypatch):
    objective = evaluated(21, variant="dropout")[0]
    (layer,) = objective.stochastic_layers
    rng = layer.rng
    monkeypatch.setattr(parallel_cases, "build", lambda variant: model)
    model = SimpleNamespace(astype=lambda dtype: SimpleNamespace(objective_function=objective))

    def fail(dy):
        assert layer.rng is not rng
        raise KeyError

    layer.backward = fail
    with pytest.raises(KeyError):
        evaluated(21)
    assert layer.rng is rng
