import numpy as np
import pytest
from thread_ranks import results_of

from minidl import F1, R2, BinaryCrossEntropy, FunctionMetric, MeanSquaredError
from minidl.batching.own_lanes import OwnLanes
from minidl.metrics.measurement import Measurement
from minidl.parallel.measurement import LaneMeasurement
from minidl.parallel.process_group import ProcessGroup

RNG = np.random.default_rng(0)
BATCHES = [(RNG.random((n, 1)), RNG.integers(2, size=(n, 1)), RNG.random(n)) for n in (12, 12, 3)]


def worst(y_true, y_pred):
    return np.abs(y_true - y_pred).max()


def measured(group, batches, *, n_lanes=6, state=None, loss=None, metrics=None):
    """Return the measurement of a rank, to which its rows of batches are added."""
    loss, metrics = loss or MeanSquaredError(), metrics or [R2(), FunctionMetric(worst)]
    first, stop = (n_lanes * rank // group.size for rank in (group.rank, group.rank + 1))
    lanes = OwnLanes(n_lanes, first, stop, "")
    measurement = LaneMeasurement(Measurement(metrics, loss, 1), lanes, group)
    if state is not None:
        measurement.check_state(state)
        measurement.restore(state)
    for batch in batches:
        rows = lanes.rows(len(batch[0]))
        measurement.add(*(array[rows] for array in batch))
    return measurement


@pytest.mark.parametrize("options", [{}, {"loss": BinaryCrossEntropy(), "metrics": [F1()]}])
def test_values_are_those_of_all_rows_on_any_number_of_ranks(options):
    whole = measured(ProcessGroup(), BATCHES, **options)
    expected = whole.values()
    assert whole.values() == expected  # which changes nothing
    of_ranks = results_of(3, lambda group: measured(group, BATCHES, **options).values())
    assert of_ranks == [expected] * 3
    one_lane = measured(ProcessGroup(), BATCHES, n_lanes=1, **options).values()
    assert one_lane == pytest.approx(expected)
    whole.reset()
    assert whole.state() == {}


@pytest.mark.parametrize("size", [1, 2])
def test_a_state_resumes_on_another_number_of_ranks(size):
    expected = measured(ProcessGroup(), BATCHES).values()
    states = results_of(3, lambda group: measured(group, BATCHES[:2]).state())
    of_ranks = results_of(
        size, lambda group: measured(group, BATCHES[2:], state=states[0]).values()
    )
    assert of_ranks == [expected] * size


def test_a_state_of_another_number_of_lanes_goes_on_but_for_rounding():
    expected = measured(ProcessGroup(), BATCHES).values()
    state = measured(ProcessGroup(), BATCHES[:2], n_lanes=3).state()

    def work(group):
        return measured(group, BATCHES[2:], n_lanes=2, state=state).values()

    for values in results_of(2, work):
        assert values == pytest.approx(expected)
