"""The documentation is true: its Python prints what it says, its lists are complete.

`tests/pages/test_site.py` builds the site.
"""

import configparser
import importlib.util
import re
import runpy
from pathlib import Path

import pytest
from pages import code_blocks, run_python

import minidl
from minidl.gradcheck.contract.layer_rules import LAYER_RULES

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LANGUAGES = {
    *("python", "text", "sh", "json", "toml"),
    *("{eval-rst}", "{include}", "{literalinclude}", "{toctree}"),
}
# Public packages whose names are not at the top level.
OTHER_PACKAGES = {
    "minidl.adapters",
    "minidl.adapters.autograd",
    "minidl.adapters.jax",
    "minidl.adapters.pytensor",
    "minidl.adapters.scipy",
    "minidl.adapters.torch",
    "minidl.data",
    "minidl.data.planar",
    "minidl.exchange",
    "minidl.plots",
    "minidl.sklearn",
    "minidl.testing",
}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
needs_sphinx = pytest.mark.skipif(
    importlib.util.find_spec("sphinx") is None,
    reason='Sphinx is not installed: pip install -e ".[docs]"',
)


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if re.search("^```(python|{include})", page.read_text(encoding="utf-8"), re.M)
        and page.parent.name != "course"  # tests/test_course.py runs them
    ],
    ids=lambda page: page.stem,
)
def test_the_python_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_python(code_blocks(page))


@each_page
def test_no_block_is_left_out_for_its_name(page):
    named = {block.language.split(" ")[0] for block in code_blocks(page) if block.path == page}
    assert named <= LANGUAGES, "a block of Python is called python, others as they are in this list"


def test_the_pages_have_python_to_run():
    assert (
        sum(
            block.language == "python" and block.path in PAGES
            for page in PAGES
            for block in code_blocks(page)
        )
        > 60
    )


@pytest.mark.parametrize("rule", [rule.title for rule in LAYER_RULES.values()])
def test_every_rule_of_the_checker_is_explained(rule):
    page = (DOCS / "gradient-checking.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| {rule} \|", page, re.MULTILINE), (
        f'docs/gradient-checking.md: add a row "| {rule} | ... |" to the table of rules'
    )


def test_every_extra_is_in_the_quick_start():
    config = configparser.ConfigParser(interpolation=None)
    config.read(DOCS.parent / "setup.cfg")
    page = (DOCS / "quick-start.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?`) \|", page.partition("## The first network")[0], re.MULTILINE)
    assert sorted(re.findall(r"`([^`]+)`", " ".join(rows))) == sorted(
        config["options.extras_require"]
    )


@pytest.mark.parametrize("kind", ["layers", "losses", "penalties", "optimizers"])
def test_every_part_is_among_the_formulas(kind):
    package = getattr(minidl, kind)
    bases = {"Activation", "Layer", "Loss", "Penalty", "Optimizer"}
    parts = {name for name in package.__all__ if name[0].isupper()} - bases
    page = (DOCS / "formulas.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"{py:class}`~minidl\.(\w+)`", page))
    assert parts <= shown, "add a row to docs/formulas.md"


@needs_sphinx
def test_every_public_package_is_on_a_page_of_the_api():
    pages = runpy.run_path(str(DOCS / "api_pages.py"))["PAGES"]
    shown = {package for _, packages in pages.values() for package in packages}
    public = {f"minidl.{package}" for package in minidl._PACKAGES} | OTHER_PACKAGES
    assert shown == public, "add the package to PAGES in docs/api_pages.py"
    for page in pages:
        text = (DOCS / "api" / f"{page}.md").read_text(encoding="utf-8")
        assert f".. public-names:: {page}" in text
