"""The parts of `experiments.speed`.

Peers that train alike, rounds that survive a crash, tables that are right.
"""

import doctest
import importlib.util
import os
import sys

import numpy as np
import pytest
from studies import ROOT

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments.speed import distance, growth, layers, report, rounds, table, worker
from experiments.speed.layer_loads import LAYERS
from experiments.speed.peers import Peer, agreement, minidl_layers, minidl_net, notes_loop, products
from experiments.speed.workloads import TRAINING, Workload

TINY = {
    "sigmoid, gradient descent": Workload("a", (6, 5, 4, 1), 30, None, "gd", 0.5),
    "softmax, gradient descent": Workload("b", (6, 5, 4, 3), 30, None, "gd", 0.5),
    "sigmoid, Adam": Workload("c", (6, 5, 4, 1), 30, None, "adam", 0.01),
    "softmax, Adam": Workload("d", (6, 5, 4, 3), 30, None, "adam", 0.01),
}
MOONS = {"workload": TRAINING["moons"].quick().as_dict()}
each_workload = pytest.mark.parametrize("workload", TINY.values(), ids=TINY)


def trained(peer, workload, **settings):
    """Return all weights after five steps on the whole set, as one vector."""
    trainer = peer.train(workload, **settings)
    for epochs in (1, 5):  # each call begins anew
        trainer(epochs)
    return np.concatenate([array.ravel() for pair in trainer.weights() for array in pair])


@each_workload
def test_the_notes_loop_trains_as_minidl_does(workload):
    np.testing.assert_allclose(
        trained(minidl_net, workload), trained(notes_loop, workload), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_notes_loop_has_the_cost_and_the_gradients_of_minidl(outputs):
    load = Workload("e", (6, 5, 4, outputs), 30)
    model, (x, labels) = minidl_net.network(load), load.data()
    taught = notes_loop.Trainer(load)
    parameters = notes_loop.dictionary(load)
    AL, caches = notes_loop.forward(taught.X, parameters)
    grads = notes_loop.backward(AL, taught.Y, parameters, caches)
    assert notes_loop.cost(AL, taught.Y) == pytest.approx(
        model.objective(x, labels)["total"], rel=1e-5
    )
    np.testing.assert_allclose(model.predict(x), AL.T, rtol=1e-4)
    columns = [grads[f"d{letter}{k}"].ravel() for k in (1, 2, 3) for letter in "Wb"]
    np.testing.assert_allclose(
        model.gradient(x, labels), np.concatenate(columns), rtol=1e-4, atol=1e-6
    )


@each_workload
def test_torch_trains_as_minidl_does(workload):
    pytest.importorskip("torch")
    from experiments.speed.peers import torch_net

    np.testing.assert_allclose(
        trained(minidl_net, workload), trained(torch_net, workload), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("scan", [False, True])
@each_workload
def test_jax_trains_as_minidl_does(workload, scan):
    pytest.importorskip("jax")
    from experiments.speed.peers import jax_net

    np.testing.assert_allclose(
        trained(minidl_net, workload), trained(jax_net, workload, scan=scan), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    "name", ["minidl_net", "notes_loop", "torch_net", "jax_net", "sklearn_net"]
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_peer_trains_on_batches_and_predicts(name, outputs):
    pytest.importorskip(
        {"torch_net": "torch", "jax_net": "jax", "sklearn_net": "sklearn"}.get(name, "numpy")
    )
    peer = importlib.import_module(f"experiments.speed.peers.{name}")
    load = Workload("f", (6, 5, outputs), 30, 8)
    peer.train(load)(2)
    if name != "notes_loop":
        peer.predict(load)(2)
    assert peer.version()


def test_mini_batches_train_every_peer_to_a_lower_cost():
    load = Workload("moons", (2, 8, 1), 200, 32, learning_rate=0.05, source="moons")
    for peer in (minidl_net, notes_loop):
        trainer = peer.train(load)
        trainer(20)
        model = minidl_net.network(load)
        before = model.evaluate(*load.data())["loss"]
        for layer, (weight, bias) in zip(model.layers[::2], trainer.weights(), strict=True):
            layer.weight.value, layer.bias.value = weight, bias
        assert model.evaluate(*load.data())["loss"] < before / 2


def test_the_products_of_a_step_are_all_there_and_no_more(monkeypatch):
    load = Workload("g", (6, 5, 4, 2), 20, 8)
    assert load.batch_sizes == [8, 8, 4]
    calls = []
    monkeypatch.setattr(
        products.np, "matmul", lambda a, b, out: calls.append((a.shape, b.shape, out.shape))
    )
    products._repeat(products._epoch(load))(1)
    assert len(calls) == 3 * (3 + 3 + 2)
    assert all((a[0], b[1]) == out and a[1] == b[0] for a, b, out in calls)
    work = sum(a[0] * a[1] * b[1] for a, b, _ in calls)
    assert work == 20 * (3 * (6 * 5 + 5 * 4 + 4 * 2) - 6 * 5)


@pytest.mark.parametrize("load", TRAINING.values(), ids=TRAINING)
def test_workloads_have_their_shapes(load):
    small = load.quick()
    x, labels = small.data()
    assert x.shape == (40, load.widths[0])
    assert (x.dtype, labels.shape, labels.dtype) == (np.float32, (40,), np.int64)
    assert sum(load.batch_sizes) == load.rows
    assert max(labels) == max(load.n_outputs - 1, 1)
    assert Workload(**load.as_dict()) == load


def test_workers_answer_in_turn_and_ratios_are_those_of_a_round():
    peers = {
        "a": Peer("A", "experiments.speed.peers.minidl_net"),
        "b": Peer("B", "experiments.speed.peers.products"),
    }
    with rounds.WorkerPool(peers, threads=1) as workers:
        times = workers.measure("train", MOONS, rounds=3, seconds=0.001, label="moons")
        one = workers.measure("train", MOONS, rounds=1, seconds=0.001, label="b", only=["b"])
    assert list(times) == ["a", "b"]
    assert list(one) == ["b"]
    assert [len(each) for each in times.values()] == [3, 3]
    assert set(workers.versions) == {"a", "b"}
    assert not workers.missing


FAILURES = {
    "is missing": (
        Peer("Bad", "experiments.speed.nowhere", install="get it"),
        "experiments.speed.nowhere is not installed: get it",
    ),
    "raises": (
        Peer("Bad", "experiments.speed.peers.products", {"fly": True}),
        "failed in moons: TypeError: train() got an unexpected",
    ),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_peer_that_fails_is_reported_and_the_others_continue(how):
    bad, said = FAILURES[how]
    with rounds.WorkerPool(
        {"bad": bad, "good": Peer("Good", "experiments.speed.peers.products")}, threads=1
    ) as workers:
        assert list(workers.measure("train", MOONS, rounds=1, seconds=0.001, label="moons")) == [
            "good"
        ]
    (line,) = workers.missing_lines()
    assert line.startswith(f"Bad: {said}")


@pytest.mark.parametrize("when", ["prepare", "run"])
def test_a_peer_that_dies_leaves_the_table(monkeypatch, when):
    ask = rounds.Worker.request

    def dying(self, command):
        if when in command and self is workers._workers.get("a"):
            self._process.kill()
        return ask(self, command)

    monkeypatch.setattr(rounds.Worker, "request", dying)
    with rounds.WorkerPool(
        {name: Peer(name, "experiments.speed.peers.products") for name in "ab"}, threads=1
    ) as workers:
        times = workers.measure("train", MOONS, rounds=2, seconds=0.001, label="moons")
        assert list(times) == ["b"]
        assert workers.missing == {"a": "failed in moons: its process ended with status -9"}
        assert list(workers.measure("train", MOONS, rounds=1, seconds=0.001, label="again")) == [
            "b"
        ]


def test_no_measurement_is_an_error():
    with (
        rounds.WorkerPool({"bad": FAILURES["raises"][0]}, threads=1) as workers,
        pytest.raises(rounds.NothingMeasuredError, match="Bad: failed in"),
    ):
        workers.measure("train", MOONS, rounds=1, seconds=0.001, label="moons")


def test_the_order_rotates():
    assert [rounds.rotated(["a", "b", "c"], turn) for turn in range(4)] == [
        list("abc"),
        list("bca"),
        list("cab"),
        list("abc"),
    ]


def test_all_libraries_get_the_same_number_of_threads():
    found = rounds.environment(3)
    assert {
        found[name]
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC", "NUMBA_NUM_THREADS")
    } == {"3"}


def test_a_run_is_repeated_to_fill_its_turn():
    run, answer = worker.prepare(
        "experiments.speed.peers.products",
        "train",
        {"workload": TINY["softmax, Adam"].as_dict()},
        seconds=0.01,
    )
    assert answer["count"] > 1
    assert worker.timed(run, 1) > 0
    assert worker.memory() >= answer["before"] > 1


def test_columns_stand_under_each_other_and_empty_groups_are_left_out():
    times = {"a": (1.0, 22222.0, 3.0), "b": (100.0, 0.5, 7.0)}
    groups = [
        ("us", times),
        ("nothing", {}),
        ("a heading wider than its numbers", {"b": times["b"]}),
    ]
    text = table.table({"a": "A", "b": "A long title"}, groups)
    assert "nothing" not in text
    for find in (str.index, str.rindex):
        assert len({find(line, "|") for line in text.splitlines()}) == 1


@pytest.mark.parametrize("module", [table, growth, layers, agreement])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_all_peers_agree(name):
    """Each peer compares itself with usual NumPy in float64."""
    for peer in ("minidl_layers", "usual_numpy", "torch_layers"):
        if peer == "torch_layers" and not importlib.util.find_spec("torch"):
            continue
        measured = importlib.import_module(f"experiments.speed.peers.{peer}").measure(
            name, quick=True
        )
        measured(1)
        assert measured.facts["error"] < 1e-4
        assert ("work_mib" in measured.facts) == (
            peer != "torch_layers" and LAYERS[name].kind != "step"
        )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"y": np.ones(2), "dx": np.full(3, 1.001)}, "dx differs by 1.0e-03 of its length"),
        ({"y": np.ones(2), "dx": np.full(3, np.nan)}, "dx differs by nan"),
        ({"y": np.ones(2), "dx": np.ones((3, 1))}, r"dx is \(3, 1\), expected \(3,\)"),
        ({"y": np.ones(2)}, r"dx is missing, expected \(3,\)"),
    ],
)
def test_a_peer_that_computes_something_else_is_refused(found, said):
    with pytest.raises(agreement.DisagreementError, match=said):
        agreement.largest_error(found, {"y": np.ones(2), "dx": np.ones(3)})


def test_work_memory_is_what_is_beyond_the_outputs():
    load = LAYERS["conv-32"]

    def compute():
        work = np.ones(2**20)
        return {"y": np.ones(2**18), "dx": work[: 2**18] + 0, "d weight": work[:1] + 0}

    expected = {name: np.ones(2**18) for name in ("y", "dx")} | {"d weight": np.ones(1)}
    facts = agreement.checked(load, lambda times: None, compute, expected).facts
    assert facts["work_mib"] == pytest.approx(8, rel=0.01)


def test_compiled_forms_are_found_by_their_argument():
    class Compiled:
        def __init__(self, size, *, fast=None):
            self.size, self.fast = size, fast

    assert minidl_layers.has_fast(Compiled)
    assert not minidl_layers.has_fast(minidl_layers.MaxPool2D)
    assert minidl_layers.make(Compiled, 3, fast=True).fast is True
    assert str(minidl_layers.make(minidl_layers.MaxPool2D, 3, fast=True)) == "MaxPool2D(3)"


def test_ratios_of_shortest_turns_are_compared_with_their_goals():
    seconds = {"minidl": [0.03, 0.02], "torch": [0.04, 0.01], "usual": [0.03, 0.05]}
    results = {
        "conv-32": {"seconds": seconds, "facts": {"minidl": {"work_mib": 2.0}}},
        "step-28": {"seconds": {"fast": [1.2], "torch": [1.0]}, "facts": {}},
    }
    convolution, step, mean = layers.ratio_table(results, 1).splitlines()[1:]
    assert convolution.split()[-8:] == ["2.00", "<=", "1.4", "no", "-", "<=", "1.15", "-"]
    assert step.split()[-4:] == ["1.20", "<=", "0.95", "no"]
    assert mean.split()[-8:-4] == ["2.00", "<=", "1.25", "no"]
    convolution, step, mean = layers.ratio_table(results, 2).splitlines()[1:]
    assert convolution.split()[-6:] == ["2.00", "-", "-", "-", "-", "-"]
    assert step.split()[-4:] == ["1.20", "<=", "1.3", "yes"]
    assert layers.goals_of(LAYERS["step-28"], 3) == {}
    convolution, _ = layers.usual_table(results, 1).splitlines()[1:]
    assert " 30.0 " in convolution
    assert " 1.50  >= 1.7   no " in convolution
    assert convolution.split()[-5:] == ["2.00", "<=", "16", "yes", "-"]


def test_processes_with_one_thread_are_pinned(monkeypatch):
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("processes cannot be pinned")
    before = os.sched_getaffinity(0)
    with layers.pinned(2):
        assert os.sched_getaffinity(0) == before
    with layers.pinned(1):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before


def test_growth_spans_two_decades_and_counts_parameters():
    for loads in growth.SERIES.values():
        assert max(loads) / min(loads) == pytest.approx(100, rel=0.01)
    size, load = next(iter(growth.SERIES["parameters"].items()))
    assert minidl_net.network(load).parameters.size == size


def test_the_fits_distinguish_a_power_from_a_line():
    n = np.array([1, 2, 5, 10, 20, 50, 100])
    assert growth.fit(n, 3e-3 * n**1.5).exponent == pytest.approx(1.5)
    found = growth.fit(n, 2e-3 + 1e-3 * n)
    assert (found.start, found.each, found.r2) == pytest.approx((2e-3, 1e-3, 1))
    assert (
        "line: 2 ms + 1e+03 us for each of the layers, R2 1.00000, at most 0 % off"
        in growth.describe_fit(found, "layers")
    )
    off = growth.fit([1, 10, 100], [1.0, 20.0, 100.0])
    assert max(map(abs, off.deviations)) > 0.1


class Moved:
    """Processors with prescribed distances: one answer per question, the last repeated."""

    def __init__(self, *answers):
        self.answers, self.was_near, self.closed = list(answers), True in answers, False

    def is_near(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    ("answers", "runs", "apart", "kept"),
    [
        ((True,), 1, 0, 0),
        ((False, True), 1, 1, 0),  # waited
        ((True, False, True), 2, 1, 0),  # they moved during the turn: once more
        ((True, False, False, True), 2, 2, 0),
        ((True, True, False), 1, 0, 0),
        ((True, False), 2, 5, 1),  # and never came back: at the end it is taken as it is
        ((False,), 1, 5, 1),
    ],
)
def test_a_turn_is_repeated_while_the_processors_are_far_apart(
    monkeypatch, answers, runs, apart, kept
):
    monkeypatch.setattr(rounds, "PAUSE", 0)
    monkeypatch.setattr(rounds, "MAX_TRIES", 5)
    workers, asked = rounds.WorkerPool({}, threads=1), []
    workers._distance = distance = Moved(*answers)
    workers._request = lambda *command: asked.append(command) or {"seconds": len(asked)}
    assert workers._turn("a", {"run": 3}, "label") == {"seconds": runs}
    assert asked == [("a", {"run": 3}, "label")] * runs
    assert (workers.n_far, workers.n_kept) == (apart, kept)
    never = not any(answers)
    assert distance.closed == never
    assert (
        workers._distance is None
    ) == never  # not measured again if the processors never share a cache


def test_a_peer_that_fails_ends_its_turn(monkeypatch):
    workers = rounds.WorkerPool({}, threads=1)
    workers._distance, workers._request = Moved(True), lambda *command: None
    assert workers._turn("a", {"run": 3}, "label") is None
    assert workers.n_far == 0


@pytest.mark.skipif(
    not distance.ProcessorDistance.is_measurable(2),
    reason="there are not two processors that can be chosen",
)
def test_the_distance_of_two_processors_is_measured():
    one = distance.ProcessorDistance()
    assert 0.1 < one.measure() < 1000
    assert one.is_near() == one.was_near
    one.close()
    assert not distance.ProcessorDistance.is_measurable(1)


@pytest.mark.parametrize(
    ("apart", "kept", "said"),
    [(0, 0, ""), (7, 0, "far apart 7 times: such"), (9, 2, "; 2 turns were kept")],
)
def test_far_processors_are_reported(capsys, apart, kept, said):
    workers = rounds.WorkerPool({}, threads=1)
    workers.n_far, workers.n_kept = apart, kept
    report.print_far_processors(workers)
    out = capsys.readouterr().out
    assert said in out
    assert bool(out) == bool(said)
