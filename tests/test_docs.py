"""The documentation keeps its word: its Python runs and prints what it says, every public name is explained, the site builds."""

import configparser
import importlib.util
import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from pages import code_blocks, run_python

from minidl.gradcheck.contract.layer_rules import LAYER_RULES

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LANGUAGES = {"python", "text", "sh", "json", "{eval-rst}", "{include}", "{toctree}"}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
needs_sphinx = pytest.mark.skipif(
    any(
        importlib.util.find_spec(name) is None
        for name in ("sphinx", "numpydoc", "myst_parser", "furo")
    ),
    reason="Sphinx is not installed: pip install minidl[docs]",
)


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if re.search("^```(python|{include})", page.read_text(encoding="utf-8"), re.M)
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


@pytest.mark.parametrize("rule", LAYER_RULES)
def test_every_rule_of_the_checker_is_explained(rule):
    assert re.search(
        rf"^\| {rule} \|", (DOCS / "gradient-checking.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_every_extra_is_in_the_quick_start():
    config = configparser.ConfigParser(interpolation=None)
    config.read(DOCS.parent / "setup.cfg")
    rows = re.findall(
        r"^\| (`.+?`) \|", (DOCS / "quick-start.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(re.findall(r"`([^`]+)`", " ".join(rows))) == sorted(
        config["options.extras_require"]
    )


@pytest.fixture(scope="module")
def names():
    """docs/names.py, as a module."""
    spec = importlib.util.spec_from_file_location("docs_names", DOCS / "names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_sphinx
def test_every_public_name_has_a_docstring_with_all_its_parameters(names):
    from numpydoc.validate import validate

    asked = runpy.run_path(str(DOCS / "conf.py"))["numpydoc_validation_checks"]
    wrong = []
    for name, held in names.objects().items():
        own = (
            [
                f"{name}.{part}"
                for part, inner in vars(held).items()
                if part[0] != "_" and inspect.isroutine(inner)
            ]
            if inspect.isclass(held)
            else []
        )
        wrong += [
            f"{full}: {text}"
            for full in [name, *own]
            for code, text in validate(full)["errors"]
            if code in asked
        ]
        wrong += [f"{name} leaves out {parameter}" for parameter in names.left_out(held)]
    assert not wrong


@needs_sphinx
def test_every_public_name_is_on_a_page_of_the_api_and_in_its_index(names):
    shown = {
        name: [names.resolve(found) for found in re.findall(pattern, text, re.MULTILINE)]
        for name, pattern, text in (
            (
                "pages",
                r"^\.\. auto\w+:: (\S+)",
                "\n".join(page.read_text(encoding="utf-8") for page in DOCS.glob("api/*.md")),
            ),
            (
                "index",
                r"^   ~?(minidl\.\S+)",
                (DOCS / "api" / "index.md").read_text(encoding="utf-8"),
            ),
        )
    }
    for where, there in shown.items():
        assert None not in there, where
        missing = [name for name, held in names.objects().items() if held not in there]
        assert not missing, f"add to the {where} of docs/api: {', '.join(missing)}"


@needs_sphinx
def test_the_site_builds_without_a_warning_and_needs_no_network(tmp_path):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-d",
        str(tmp_path / "trees"),
        str(DOCS),
        str(tmp_path / "site"),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=DOCS.parent,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").exists()
    fetched = re.compile(
        r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(https?:)?//|@import|url\([\"']?(?:https?:)?//"
    )
    for page in (tmp_path / "site").rglob("*"):
        if page.suffix in (".html", ".css"):
            assert not fetched.search(page.read_text(encoding="utf-8")), page.name
