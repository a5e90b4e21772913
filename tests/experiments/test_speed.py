"""`python -m experiments.speed`, run as a user runs it, with tiny sizes.

Tested is what it prints and writes, never how fast.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from child_processes import running
from studies import ROOT

from minidl.data import write_cats

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments.speed import blocks, cost_model, engines
from experiments.speed.cli import main
from experiments.speed.peers import LAYER_PEERS

SPEED = [sys.executable, "-W", "error", "-m", "experiments.speed"]


def run(*arguments):
    words = [*SPEED, *map(str, arguments)]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def quick(out, benchmark, *arguments):
    """Run a benchmark in its quick form; return what it printed and what it wrote."""
    done = run(benchmark, "--quick", "--out", out, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((out / f"{benchmark}.json").read_text())


def children(pid):
    """Return the processes that a process has started and that still live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    drawn = tmp_path_factory.mktemp("data")
    write_cats(drawn)
    return drawn


def test_train_compares_peers_and_reports_missing_ones(tmp_path, folder):
    text, found = quick(
        tmp_path,
        "train",
        "--data",
        folder,
        "--workload",
        "moons,cats",
        "--only",
        "products,minidl,notes,torch",
    )
    assert text.startswith(
        "Training: microseconds per step, 2 rounds; ratios below 1: minidl is faster\n"
    )
    for phrase in (
        "moons: 2-5-2-1, 40 rows, batches of 16, Adam",
        "cats: 12288-20-7-5-1, 40 rows, full batch",
        "minidl / row, medians",
    ):
        assert phrase in text
    assert (
        len(
            re.findall(
                r"^(?:matrix products alone|minidl|the notes' loop) .*\|.*\|", text, re.MULTILINE
            )
        )
        == 6
    )
    for name in ("moons", "cats"):
        times = found["workloads"][name]["microseconds_per_step"]
        assert {"products", "minidl", "notes"} <= set(times)
        assert all(len(each) == 2 and min(each) > 0 for each in times.values())
    assert {"python", "numpy", "blas", "cpus", "threads", "peers"} <= set(found["machine"])
    assert found["machine"]["peers"]["minidl"].startswith("minidl ")
    try:
        import torch  # noqa: F401
    except ImportError:
        assert 'not measured: torch: torch is not installed: pip install -e ".[peers]"' in text
        assert list(found["not_measured"]) == ["torch"]
    else:
        assert found["not_measured"] == {}


def test_predict_measures_one_and_many(tmp_path):
    text, found = quick(tmp_path, "predict", "--only", "products,minidl")
    assert "one: 1 example through 12288-20-7-5-1" in text
    assert list(found["workloads"]) == ["one", "many"]
    assert list(found["workloads"]["many"]["microseconds_per_call"]) == ["products", "minidl"]


def test_check_compares_the_gradient_check_with_the_loop(tmp_path, folder):
    text, found = quick(tmp_path, "check", "--data", folder)
    assert (
        "245,973 parameters, 2 images, 1 rounds; "
        "the loop: 1 of 4000 parameters timed and scaled up" in text
    )
    assert list(found["seconds"]) == ["central differences", "check, default", "check, exhaustive"]
    assert "convolutional nets, default check" in text
    assert list(found["convolutional"]["seconds"]) == ["505", "927"]


def test_import_is_measured_in_fresh_processes(tmp_path):
    text, found = quick(tmp_path, "import", "--only", "nothing,numpy,minidl,jax")
    assert {"nothing", "numpy", "minidl"} <= set(found["processor_ms"])
    assert set(found["processor_ms"]) | set(found["not_measured"]) == {
        "nothing",
        "numpy",
        "minidl",
        "jax",
    }
    assert all(
        f"not measured: {name}: ModuleNotFoundError: No module named '{name}': pip install" in text
        for name in found["not_measured"]
    )


def test_data_compares_files_with_memory(tmp_path, folder):
    text, found = quick(tmp_path, "data", "--data", folder)
    assert set(found["train"]["seconds"]) | set(found["train"]["not_measured"]) == {
        "memory",
        "file",
        "parts",
    }
    assert set(found["read"]["seconds"]) == {"h5py", "minidl"}
    assert all(mib >= 0 for part in ("train", "read") for mib in found[part]["memory_mib"].values())
    assert "row / arrays in memory" in text


def test_growth_fits_a_power_and_a_line(tmp_path):
    text, found = quick(tmp_path, "growth", "--workload", "layers")
    assert list(found["series"]) == ["layers"]
    assert list(found["series"]["layers"]["seconds_per_epoch"]) == ["1", "10", "100"]
    assert re.search(
        r"time grows as layers \*\* \d\.\d+; line: .* us for each of the layers, R2 ", text
    )


def test_layers_are_compared_with_goals(tmp_path):
    names = ["pool-14", "batch-norm-rows"]
    peers = "minidl,fast,usual,torch"
    text, found = quick(tmp_path, "layers", "--only", peers, "--workload", ",".join(names))
    assert list(found["layers"]) == names
    for measured in found["layers"].values():
        assert {"minidl", "usual"} <= set(measured["seconds"])
        assert "fast" not in measured["seconds"]  # they have no compiled form
        assert max(fact["error"] for fact in measured["facts"].values()) < 1e-4
    lines = re.findall(r"^(?:max-pool 128 x 14 x 14 x 32|batch norm 128 x 512)  .*", text, re.M)
    assert len(lines) == 4
    assert all(re.search(r" <= (?:1.7|2.2) +(yes|no|-) ", line) for line in lines[:2])
    assert all(re.search(r" <= 16 +yes ", line) for line in lines[2:])
    for peer, reason in found["not_measured"].items():
        assert f"not measured: {LAYER_PEERS[peer].title}: {reason}" in text


def test_a_layer_that_no_peer_has_is_left_open(tmp_path):
    text, found = quick(tmp_path, "layers", "--only", "fast", "--workload", "pool-14")
    assert found["layers"]["pool-14"]["seconds"] == {}
    assert text.count("max-pool 128 x 14 x 14 x 32") == 2


def ended(capsys, *arguments):
    """Return the status with which the command line itself ends a program, and what it said."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    said = capsys.readouterr()
    return end.value.code, " ".join((said.out + said.err).split())


def test_estimators_are_compared_with_those_of_scikit_learn(tmp_path, capsys):
    pytest.importorskip("sklearn")
    assert main(["estimators", "--quick", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("estimators: whole fits, 2 rounds\n")
    for name, found in json.loads((tmp_path / "estimators.json").read_text())["sets"].items():
        for peer in ("minidl", "sklearn"):
            assert found[peer]["iterations"] == [5, 5], (name, peer)
            assert len(found[peer]["scores"]) == len(found[peer]["seconds"]) == 2


def test_sparse_compares_the_products_and_steps_of_both_kinds_of_rows(tmp_path, capsys):
    pytest.importorskip("threadpoolctl")
    assert main(["sparse", "--quick", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Sparse rows: 256 x 500, ")
    found = json.loads((tmp_path / "sparse.json").read_text())
    for size in ("64", "128", "256"):
        for peer, times in found["products"][size].items():
            assert len(times["forward"]) == len(times["gradient"]) == 2
            name = re.escape(f"batch of {size}, {peer}")
            assert re.search(rf"^{name}(?: +[\d.]+){{5}}$", text, re.M)
    dense, sparse = (found["steps"]["64"][kind] for kind in ("dense", "sparse"))
    assert dense.keys() == sparse.keys() - {"Adam, the batch's columns"}
    assert {"batch", "first layer, forward", "first layer, gradient", "the rest"} <= dense.keys()
    assert found["memory"]["sparse"]["rows"] < found["memory"]["dense"]["rows"]
    assert found["predictions"]["difference"] < 1e-6


def test_engines_are_compared_with_one_process(tmp_path, capsys, monkeypatch):
    pytest.importorskip("sklearn")
    alone = engines.ENGINES["one process"]
    found = {"one process": alone, "a missing one": ("no_such_package", None)}
    monkeypatch.setattr(engines, "ENGINES", found)
    assert main(["engines", "--quick", "--out", str(tmp_path)]) == 0
    assert (
        "not measured: a missing one (no_such_package is not installed)" in capsys.readouterr().out
    )
    found = json.loads((tmp_path / "engines.json").read_text())["engines"]
    assert found["one process"]["same bits"]
    monkeypatch.setattr(engines, "ENGINES", {"one process": alone, "another": alone})
    scores = iter([[0.5], [0.5], [0.5], [0.6]])  # two searches of each
    monkeypatch.setattr(engines, "_search", lambda quick: next(scores))
    assert main(["engines", "--quick", "--out", str(tmp_path)]) == 1
    assert "the scores of an engine differ" in capsys.readouterr().err


def test_blocks_are_compared_with_the_loop(tmp_path, capsys, monkeypatch):
    loop = blocks.BLOCK_ENGINES["a loop"]
    missing = loop._replace(packages=("no_such_package",))
    monkeypatch.setattr(blocks, "BLOCK_ENGINES", {"a loop": loop, "a missing one": missing})
    assert main(["blocks", "--quick", "--out", str(tmp_path)]) == 0
    assert "not measured: a missing one (no_such_package not installed)" in capsys.readouterr().out
    found = json.loads((tmp_path / "blocks.json").read_text())["engines"]
    assert found["a loop"]["agrees"]
    monkeypatch.setattr(blocks, "BLOCK_ENGINES", {"off": loop._replace(tolerance=-1.0)})
    assert main(["blocks", "--quick", "--out", str(tmp_path)]) == 1
    assert "the outputs of an engine differ" in capsys.readouterr().err


def test_mpi_compares_with_a_bare_reduction(tmp_path, capsys):
    pytest.importorskip("mpi4py.MPI")
    assert main(["mpi", "--quick", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Data-parallel training on 2 ranks, 2 rounds\n")
    for name, times in json.loads((tmp_path / "mpi.json").read_text())["seconds"].items():
        assert {len(seconds) for seconds in times.values()} == {2}
        assert re.search(rf"^{name}, Allreduce +[\d,]+ +[\d,.]+ +1.00 +1.00$", text, re.M)


def test_cluster_compares_a_cost_model_with_ranks(tmp_path, capsys):
    pytest.importorskip("mpi4py.MPI")
    assert main(["cluster", "--quick", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^moons +2 +[\d,.]+ +[\d,.]+ +[\d.]+$", text, re.M)
    assert re.search(r"^  moons +337 +64( +[\d.]+){5}$", text, re.M)
    found = json.loads((tmp_path / "cluster.json").read_text())["ranks"]
    assert found["1"]["compute"]["moons"].keys() == {"64", "32", "21", "16"}


def test_the_cost_model_adds_compute_and_reduction():
    link = cost_model.Link(latency=1e-3, bandwidth=1e6)
    assert cost_model.reduction_seconds(1e6, 1, link) == 0
    assert cost_model.reduction_seconds(1e6, 2, link) == pytest.approx(2e-3 + 1)
    assert cost_model.reduction_seconds(1e6, 5, link) == pytest.approx(6e-3 + 1.6)
    compute = cost_model.Compute(fixed=0.5, per_row=0.1)
    assert cost_model.step_seconds(compute, 10, 1e6, 1, link) == pytest.approx(1.5)
    assert cost_model.step_seconds(compute, 10, 1e6, 2, link) == pytest.approx(1 + 1.002)
    assert cost_model.step_seconds(compute, 10, 1e6, 4, link, 2) == pytest.approx(2 * 0.75 + 1.504)


def test_the_cost_model_is_fitted_to_what_it_gives():
    compute = cost_model.Compute(fixed=2e-4, per_row=3e-5)
    steps = {rows: compute.fixed + compute.per_row * rows for rows in (16, 21, 32, 64)}
    assert cost_model.fit_compute(steps) == pytest.approx(compute)
    assert cost_model.fit_compute({10: 3.0, 20: 2.0}) == (2.5, 0.0)
    assert cost_model.fit_compute({10: 1.0, 20: 4.0}) == pytest.approx((0.0, 0.15))
    link = cost_model.Link(latency=1e-4, bandwidth=2e8)
    times = {n: cost_model.reduction_seconds(n, 2, link) for n in (4_000, 400_000, 16_000_000)}
    assert cost_model.fit_link(times, 2) == pytest.approx(link)


def test_help_names_benchmarks_options_and_examples(capsys):
    status, text = ended(capsys, "--help")
    assert status == 0
    for phrase in (
        "train",
        "check",
        "predict",
        "import",
        "data",
        "growth",
        "layers",
        "examples:",
        'pip install -e ".[fast,peers]"',
    ):
        assert phrase in text
    _, text = ended(capsys, "train", "--help")
    for phrase in (
        "--rounds N",
        "default: 7",
        "--only PEER,...",
        "jax-scan",
        "cats64",
        "--threads N",
        "results/speed",
    ):
        assert phrase in text


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["train", "--rounds", "0"], "argument --rounds: must be an integer >= 1, got '0'"),
        (
            ["train", "--only", "minidl,keras"],
            "argument --only: must be names out of products, minidl, fast, jax",
        ),
        (
            ["growth", "--workload", "depth"],
            "argument --workload: must be names out of examples, parameters, layers, got 'depth'",
        ),
        (["fly"], "argument BENCHMARK: invalid choice: 'fly'"),
    ],
)
def test_an_invalid_value_is_refused_with_its_rule(capsys, arguments, rule):
    status, text = ended(capsys, *arguments)
    assert status == 2
    assert rule in text


def test_a_missing_folder_is_one_line_and_status_1(tmp_path):
    done = run("check", "--quick", "--data", tmp_path / "nowhere", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("speed: ")
    assert len(done.stderr.splitlines()) == 1


def test_no_measurement_is_an_error(tmp_path):
    done = run(
        "train",
        "--quick",
        "--workload",
        "cats",
        "--only",
        "minidl,notes",
        "--data",
        tmp_path / "nowhere",
        "--out",
        tmp_path,
    )
    assert done.returncode == 1
    assert "speed: nothing could be measured" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_worker_outlives_the_benchmark(tmp_path, number, status):
    words = [
        *SPEED,
        "train",
        "--workload",
        "moons",
        "--only",
        "minidl,notes",
        "--seconds",
        "60",
        "--out",
        str(tmp_path),
    ]
    with running(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while not (workers := children(process.pid)) and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(0.3)  # it prepares, for a quarter of a minute
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == status
    assert workers
    if number == signal.SIGINT:
        assert errors.rstrip().endswith("speed: interrupted")
        assert "Traceback" not in errors
    while any(os.path.exists(f"/proc/{worker}") for worker in workers) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(os.path.exists(f"/proc/{worker}") for worker in workers)
