"""What the tests of the studies share: run one as a user does, and look at what it left."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(name, *arguments):
    """Run a study in a new process, in which every warning is an error."""
    words = [sys.executable, "-W", "error", "-m", f"experiments.{name}", *map(str, arguments)]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def results(out):
    """Return the results of a study; they contain no NaN, which JSON does not have."""
    return json.loads(
        (out / "results.json").read_text(),
        parse_constant=lambda name: pytest.fail(f"{name} is not JSON"),
    )


def assert_files(out, *figures):
    """Fail unless `out` holds exactly results.json and these figures, none of them blank."""
    image = pytest.importorskip("matplotlib.image")
    assert sorted(path.name for path in out.iterdir()) == sorted([*figures, "results.json"])
    for name in figures:
        pixels = image.imread(out / name)[..., :3]
        assert min(pixels.shape[:2]) > 300, name
        assert pixels.std() > 0.05, name


def row(text, name):
    """Return the cells of the row of a printed table that begins with `name`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name}  ")]
    return line.removeprefix(name).split()


def assert_help(name):
    """Fail unless --help shows options, defaults and examples, and a bad seed is refused."""
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for phrase in (
        "--seed N",
        "--quick",
        f"(default: results/{name})",
        f"examples: python -m experiments.{name}",
        "Expect",
        "results.json",
    ):
        assert phrase in text
    done = run(name, "--seed", "-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "argument --seed: must be an integer from 0 to 2**32 - 1, got '-1'" in done.stderr
