"""`python -m experiments` lists the studies, and each is where a reader looks for it."""

import re
import subprocess
import sys

import pytest
from studies import ROOT

sys.path.insert(0, str(ROOT))  # if pytest itself is run rather than python -m pytest

from experiments.__main__ import main, study_summaries

STUDIES = study_summaries()
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_lists_each_study_with_its_summary():
    done = subprocess.run(
        [sys.executable, "-m", "experiments"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert {"cats", "initialization", "speed", "torture"} <= set(STUDIES)
    assert not {"study", "networks", "figures", "image_classification"} & set(STUDIES)
    for name, summary in STUDIES.items():
        assert lines[name].endswith(summary)


@pytest.mark.parametrize(
    ("name", "cure"),
    [("initialisation", "did you mean initialization?"), ("zzz", "without a name it lists")],
)
def test_a_name_after_it_is_answered_with_how_a_study_is_run(capsys, name, cure):
    assert main([name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"a study is run by python -m experiments.NAME, got {name!r}: {cure}" in err


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_has_a_summary_a_test_and_a_row_in_the_readme(name):
    assert STUDIES[name].endswith("."), f"give {name} a docstring whose first line is a sentence"
    assert (ROOT / "tests" / "experiments" / f"test_{name}.py").exists(), (
        f"add tests/experiments/test_{name}.py, which runs the study with --quick"
    )
    assert f"\n| `{name}` |" in README, (
        f'add a row for `{name}` to the table of "## Studies" in README.md'
    )


def test_the_readme_has_no_study_that_is_gone():
    (section,) = re.findall(r"^## Studies\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert set(rows) <= set(STUDIES), "remove the rows of these studies from README.md"
