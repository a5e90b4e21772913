"""The stress tests of `experiments.torture` with few trials, each run as a user runs it.

In full they are run by hand before a release (see docs/file-format.md).
"""

import argparse
import json
import os
import re
import subprocess
import sys
from unittest import mock

import pytest
from studies import ROOT, run

from experiments.torture.report import Result
from experiments.torture.terminal import problems, run_command

PAGE = ROOT.joinpath("docs", "file-format.md").read_text(encoding="utf-8")
COUNTS = {
    name: int(count.replace(",", ""))
    for name, count in re.findall(r"^\| `(\w+)` \|.*\| ([0-9,]+) \w+ \|$", PAGE, re.MULTILINE)
}


def torture(name, count, out):
    done = run("torture", name, "--count", count, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((out / f"{name}.json").read_text())
    assert content["violations"] == []
    assert f"wrote {name}.json" in done.stdout
    return content


def test_killed_40_times_while_saving(tmp_path):
    content = torture("kill", 40, tmp_path)
    counts = content["found"]
    assert counts.get("model 1", 0) + counts.get("model 2", 0) == 40
    assert min(counts.get("model 1", 0), counts.get("model 2", 0)) > 2, (
        "kills that are all too early or too late test nothing"
    )
    assert content["leftovers_removed"] > 2, "no kill came while a file was written"
    assert content["control"].get("unreadable", 0) > 0, "a file written in place must be damaged"


def test_200_corrupted_files(tmp_path):
    content = torture("mutate", 200, tmp_path)
    kinds = {
        name: numbers
        for name, numbers in content.items()
        if isinstance(numbers, dict) and "files" in numbers
    }
    assert sum(numbers["files"] for numbers in kinds.values()) == 200
    for name, numbers in kinds.items():
        assert numbers["refused"] > numbers["files"] / 2, name
        assert numbers["peak_bytes"] < 200e6, name


def test_every_hostile_file_is_refused(tmp_path):
    content = torture("hostile", 1, tmp_path)
    assert content["refused"] == content["classes"] == COUNTS["hostile"]
    alone = {row[0]: row[3] for row in content["table"][1:]}
    assert list(alone.values()).count("reads another file") >= 6, (
        "the control must show that these files do harm"
    )


def test_picture_bombs(tmp_path):
    content = torture("pictures", 24, tmp_path)
    assert 0 < content["refused"] < content["files"] == 24
    assert 1e6 < content["peak_bytes"] < 64e6


def test_malformed_and_slow_downloads(tmp_path):
    pytest.importorskip("pooch")
    content = torture("downloads", 20, tmp_path)
    assert 0 < content["refused"] < 20


def test_steps_that_are_not_finite(tmp_path):
    content = torture("updates", 16, tmp_path)
    assert sum(content["kinds"].values()) == 16
    assert len(content["kinds"]) >= 4


def test_every_fault_of_every_call(tmp_path):
    content = torture("faults", 1, tmp_path)
    assert {"open", "write", "fsync", "replace", "chmod", "makedirs", "flock"} <= set(
        content["calls"]["over an old file"]
    )
    assert content["tries"] > 300


def test_4_stopped_trainings_resume_bit_for_bit(tmp_path):
    content = torture("stops", 4, tmp_path)
    assert content["found"] == {"Ctrl-C equal": 2, "SIGTERM equal": 1, "kill -9 equal": 1}


def test_19_changed_trainings_do_not_resume(tmp_path):
    content = torture("runs", 19, tmp_path)
    assert content["found"] == {"refused": 17, "equal": 2}


def test_16_planted_numbers_that_are_not_finite(tmp_path):
    """Whether each is found; the cost cannot be tested on a busy machine."""
    done = run("torture", "nonfinite", "--count", 16, "--out", tmp_path)
    content = json.loads((tmp_path / "nonfinite.json").read_text())
    assert content["found"] == dict.fromkeys(["input", "activation", "gradient", "parameter"], 4), (
        done.stdout
    )


def test_5_hostile_names_on_a_terminal(tmp_path):
    found = torture("terminal", 5, tmp_path)["found"]
    assert found["commands"] == 5
    assert found["hostile"] > 2
    assert found["escaped"] > 1, "the names must get to the output, where they can do harm"
    assert found["tracebacks"] == found["control characters"] == found["other"] == 0


def test_what_a_terminal_shows_is_judged(tmp_path):
    words = ["train", "\x1b]0;X\x07.csv"]
    shown = run_command(words, tmp_path, "ascii", "a terminal")
    assert shown.status == 1
    assert shown.error.startswith(r"minidl train: \x1b]0;X\x07.csv: a CSV file is expected")
    assert shown.problems == []


@pytest.mark.parametrize(
    ("out", "error", "status", "problem"),
    [
        ("a\nb\n", "", 0, []),
        ("a\x1b]0;X\x07\n", "", 0, ["a control character"]),
        ("", "minidl: a\u202eb\n", 1, ["a control character"]),
        ("", "\x85", 1, ["a control character"]),
        ("classes: n\nFORGED, b\n", "", 0, ["a forged line"]),
        ("", "Traceback (most recent call last):\n", 1, ["a traceback"]),
        ("", "Exception ignored in: stdout\n", 120, ["a traceback", "status 120"]),
        ("", "minidl train: unexpected ValueError: x\n", 1, ["an unexpected error"]),
    ],
)
def test_what_a_name_may_not_do_is_noticed(out, error, status, problem):
    assert problems(out, error, status) == problem


def test_the_same_seed_gives_the_same(tmp_path):
    assert torture("repeat", 2, tmp_path)["processes_equal"] == 2


def test_the_cost_is_reported(tmp_path):
    """Its value depends on the disk."""
    done = run("torture", "cost", "--count", 3, "--out", tmp_path)
    assert "minidl is x times" in done.stdout
    assert json.loads((tmp_path / "cost.json").read_text())["ratio"] > 0


@pytest.mark.parametrize(
    "words", [["nothing"], [], ["kill", "--count", "0"], ["kill", "--count", "x"]]
)
def test_an_invalid_command_line_is_status_2(words):
    assert run("torture", *words).returncode == 2


BROKEN = """
import os, sys, types
from pathlib import Path
import experiments.torture.__main__  # sets the number of threads
from minidl.utils import atomic_files as files
from experiments.torture import {name}
{broken}
print(len({name}.run({count}, 0, Path(sys.argv[1]){more}).violations))
"""


@pytest.mark.parametrize(
    ("name", "count", "more", "broken"),
    [
        (
            "kill",
            100,  # 24 of 200 kills fall into the write: 20 kills may miss it
            "",
            "import minidl.data.hdf5_writer as h;"
            " h.atomic_write = lambda path, content: path.write_bytes(content)",
        ),
        (
            "kill",
            20,
            "",
            "files.remove_stale_temp_files = kill.remove_stale_temp_files = lambda folder: []",
        ),
        (
            "mutate",
            640,
            "",
            "import minidl.serialization.container as s; s.sha256_of = lambda array: ''",
        ),
        (
            "hostile",
            1,
            ", only=['virtual dataset']",
            "import minidl.data.hdf5_reader as h; h.check_description = lambda *_: None",
        ),
        (
            "hostile",
            1,
            ", only=['chunk that is stored too short']",
            "import minidl.data.hdf5_reader as h; h.find_corrupt_chunk = lambda *_: None",
        ),
        (
            "faults",
            1,
            "",
            "faults.ERRORS = (28,); files.remove_stale_temp_files = lambda folder: []",
        ),
        (
            "faults",
            1,
            "",
            "faults.ERRORS = (28,);"
            " files.os = types.SimpleNamespace(**{**vars(os), 'chmod': lambda *_: None})",
        ),
    ],
)
def test_a_broken_protection_is_found(tmp_path, name, count, more, broken):
    """Each protection is removed once, and the test must notice."""
    code = BROKEN.format(name=name, count=count, more=more, broken=broken)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 0


def test_a_violation_is_status_1(tmp_path, capsys):
    with mock.patch.dict(os.environ):  # it sets the number of threads
        from experiments.torture.__main__ import report
    options = argparse.Namespace(name="kill", count=3, seed=0, out=tmp_path)
    for violations in ([], ["a file was lost"]):
        result = Result([["kills"], [3]], {"found": 3}, violations)
        assert report(options, 1.0, result) == len(violations)
        content = json.loads((tmp_path / "kill.json").read_text())
        assert (content["violations"], content["found"]) == (violations, 3)
        out = capsys.readouterr().out
        assert "kills" in out
        assert ("VIOLATED: a file was lost" in out) == bool(violations)


def test_the_page_has_each_test_of_files_and_its_count():
    with mock.patch.dict(os.environ):
        from experiments.torture.__main__ import TESTS
    assert COUNTS.keys() == TESTS.keys() - {"nonfinite", "repeat"}
    for name, count in COUNTS.items():
        if name not in ("hostile", "faults"):  # which run all that there are
            module = ROOT.joinpath("experiments", "torture", f"{name}.py").read_text()
            (default,) = re.findall(r"^DEFAULT_COUNT = ([\d_]+)", module, re.MULTILINE)
            assert int(default) == count, name
