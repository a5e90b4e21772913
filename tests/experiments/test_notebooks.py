"""The notebooks run from top to bottom, show their figures, and find the bugs that they plant."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbclient", reason="pip install -e .[test]")
pytest.importorskip("ipykernel", reason="pip install -e .[test]")

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "experiments" / "notebooks").glob("*.ipynb"))
# In a new process, because of the event loop and the warnings of Jupyter.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
resources = {"metadata": {"path": sys.argv[2]}}
client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources)
client.execute()
sys.stdout.write(nbformat.writes(notebook))
"""


def test_there_are_notebooks():
    assert [path.name for path in NOTEBOOKS] == ["break_a_gradient.ipynb", "tour.ipynb"]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Return the cells of both notebooks, executed at the same time."""
    folder = tmp_path_factory.mktemp("notebooks")
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    running = {
        path.stem: subprocess.Popen(
            [sys.executable, "-c", EXECUTE, str(path), str(folder)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in NOTEBOOKS
    }
    cells = {}
    try:
        for name, process in running.items():
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
            cells[name] = json.loads(out)["cells"]
    finally:
        for process in running.values():
            process.kill()
    return cells


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def printed(cells):
    return "".join(
        "".join(output["text"]) for output in outputs(cells) if output.get("name") == "stdout"
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_it_runs_without_warnings_and_shows_two_figures(executed, name):
    assert not [output for output in outputs(executed[name]) if output.get("name") == "stderr"]
    figures = [
        output["data"]["image/png"]
        for output in outputs(executed[name])
        if "image/png" in output.get("data", {})
    ]
    assert len(figures) == 2
    assert min(map(len, figures)) > 5000


def test_the_tour_learns_and_checks(executed):
    text = printed(executed["tour"])
    assert "right: True" in text
    assert "planted" in text


def test_each_planted_bug_is_found_and_named(executed):
    text = printed(executed["break_a_gradient"])
    for phrase in (
        "all gradients are right",
        "layer 1 TanhWithoutSquare() input\nconsistent with: dx = dy * (1 - y)",
        "layer 1 Softplus() input\n"
        "consistent with: the derivative is taken at the output instead of the input",
        "layer 0 MeanBias(4, 5) bias\nanalytic = 0.01639 x numeric",
        "layer 0 Accumulates(4, 5)",
        "gradients accumulate",
        "analytic = 2.000 x numeric",
        "layer 0 ForgetsRow(4, 5) weight\nonly row 2 of 5 is zero",
    ):
        assert phrase in text
