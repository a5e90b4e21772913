import numpy as np
import parallel_cases
import pytest
from parallel_cases import X, Y
from thread_ranks import results_of

from minidl.batching.batch import Batch, BatchPart
from minidl.batching.own_lanes import OwnLanes
from minidl.parallel.coupled_evaluation import CoupledEvaluation
from minidl.parallel.lane_tree import LaneTree
from minidl.parallel.reduction import OrderedSum

N_LANES = 4


def evaluated(group, n_rows):
    """Return the objective of the first rows, its gradient, the buffers and the outputs."""
    objective = parallel_cases.build("batch normalization").astype(np.float64).objective_function
    bounds = [N_LANES * rank // group.size for rank in range(group.size + 1)]
    runs = [(bounds[rank], bounds[rank + 1]) for rank in range(group.size)]
    lanes = OwnLanes(N_LANES, *runs[group.rank], "")
    size, dtype = objective.parameters.size, objective.dtype
    reduction = OrderedSum(group, LaneTree(N_LANES), runs, size, dtype)
    trained = objective.trained_parameters()
    evaluation = CoupledEvaluation(objective, lanes, reduction, lambda each: True, trained)
    rows = lanes.rows(n_rows)
    part = BatchPart.of(Batch(X[rows].astype(dtype), Y[rows].astype(dtype)), n_rows)
    total, forward_pass = evaluation.value_and_gradient(part)
    gradient, buffers = objective.parameters.grad.copy(), objective.buffers.copy_values()
    return float(total), gradient, buffers, forward_pass.output, objective


@pytest.mark.parametrize("n_rows", [21, 4, 2])  # of the last one half of the lanes is empty
@pytest.mark.parametrize("size", [1, 2, 4])
def test_lanes_are_normalized_by_the_whole_batch(size, n_rows):
    of_ranks = results_of(size, lambda group: evaluated(group, n_rows))
    objective = parallel_cases.build("batch normalization").astype(np.float64).objective_function
    batch = Batch(X[:n_rows].astype(np.float64), Y[:n_rows].astype(np.float64))
    expected, whole_pass = objective.value_and_gradient(batch, training=True)
    outputs = np.concatenate([output for _, _, _, output, _ in of_ranks])
    assert outputs == pytest.approx(whole_pass.output)
    for total, gradient, buffers, _, _ in of_ranks:
        assert total == pytest.approx(expected)
        assert gradient == pytest.approx(objective.parameters.grad, abs=1e-12)
        for name, value in objective.buffers.copy_values().items():
            assert buffers[name] == pytest.approx(value)


def test_frozen_layers_are_left_alone():
    def work(group):
        model = parallel_cases.build("batch normalization")
        model.layers[0].trainable = False
        options = {"epochs": 1, "batch_size": 32, "progress": False, "comm": comm(group)}
        before = model.layers[0].weight.value.copy()
        model.fit(X, Y, optimizer=parallel_cases.OPTIMIZERS["Adam"](), **options)
        return np.array_equal(model.layers[0].weight.value, before), parallel_cases.bits(model)

    from minidl import DataParallel as comm

    (expected,) = results_of(1, work)
    assert expected[0]
    assert results_of(3, work) == [expected] * 3
