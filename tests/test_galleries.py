"""The galleries are complete: a page for each bug, each plot and each study, and its picture."""

import json
import re
import runpy
import sys
from pathlib import Path

import pytest
from pages import is_same_output

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
GALLERIES = DOCS / "galleries"
RECORDED = DOCS / "recorded"
BUGS = sorted(path for path in (GALLERIES / "bugs").glob("*.py") if path.stem != "network")
STUDIES = sorted((GALLERIES / "studies").glob("*.py"))
WORDS = json.loads((ROOT / "tests" / "bug_words.json").read_text(encoding="utf-8"))
each_bug = pytest.mark.parametrize("script", BUGS, ids=lambda script: script.stem)
each_study = pytest.mark.parametrize("script", STUDIES, ids=lambda script: script.stem)

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere


@each_bug
def test_a_bug_is_named_with_these_words(script, monkeypatch, capsys):
    monkeypatch.syspath_prepend(script.parent)
    monkeypatch.delitem(sys.modules, "network", raising=False)
    names = runpy.run_path(str(script))
    sys.modules.pop("network", None)
    printed = capsys.readouterr().out
    assert is_same_output(printed, WORDS[script.stem] + "\n"), (
        f"{script.name} prints\n{printed}\nif this is right, change tests/bug_words.json"
    )
    assert not names["report"].ok


@pytest.mark.parametrize(
    ("page", "folder"), [("gallery.md", "bugs"), ("studies.md", "studies")], ids=["bugs", "studies"]
)
def test_each_script_has_its_thumbnail_on_the_page(page, folder):
    shown = re.findall(
        rf"^   galleries/{folder}/(\w+)\.py$", (DOCS / page).read_text(encoding="utf-8"), re.M
    )
    scripts = {script.stem for script in (GALLERIES / folder).glob("*.py")} - {"network"}
    assert sorted(shown) == sorted(scripts), f"docs/{page}: list each script once"


def test_each_plot_has_a_picture():
    source = (ROOT / "minidl" / "plots" / "__init__.pyi").read_text(encoding="utf-8")
    plots = set(re.findall(r" as ([a-z_]+)$", source, re.MULTILINE))
    plots -= {"confusion_counts", "set_look"}  # which draw nothing
    scripts = {script.stem for script in (GALLERIES / "plots").glob("*.py")}
    assert scripts == {f"plot_{name}" for name in plots}, "a script plot_NAME.py for each plot"


def test_each_study_has_a_page():
    listing = runpy.run_path(str(ROOT / "experiments" / "__main__.py"))["study_summaries"]()
    measuring = {"speed", "torture"}  # whose tables are on the pages of what they measure
    assert {script.stem for script in STUDIES} == set(listing) - measuring


@each_study
def test_a_study_shows_its_recorded_run_and_its_own_code(script):
    name, text = script.stem, script.read_text(encoding="utf-8")
    assert "**What you see.**" in text
    assert f".. literalinclude:: ../../experiments/{name}.py" in text
    pictures = re.findall(r"^\.\. image:: /recorded/(\S+)\n   :alt: \S", text, re.MULTILINE)
    assert len(pictures) == text.count(".. image::"), "a picture has words for who cannot see it"
    for picture in pictures:
        light = RECORDED / picture
        for file in (light, light.with_stem(f"{light.stem}-dark")):
            assert file.stat().st_size < 100_000, f"{file} is larger than a page should load"
    command, origin, *_ = (RECORDED / name / "output.txt").read_text(encoding="utf-8").splitlines()
    assert command.startswith(f"$ python -m experiments.{name}")
    assert re.match(r"# recorded on \d{4}-\d\d-\d\d at commit [0-9a-f]{7,}", origin)
