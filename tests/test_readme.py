"""The README keeps its word: its Python runs, its lists are complete."""

import re
from pathlib import Path

import pytest
from pages import code_blocks, run_python

import minidl

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def sections():
    """Return where the body of each "## " section begins and ends, by its title."""
    heads = list(re.finditer(r"^## (.+)\n", TEXT, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(TEXT)]
    return {head[1]: (head.end(), end) for head, end in zip(heads, ends, strict=True)}


SECTIONS = sections()


def blocks(title, language):
    """Return the fenced blocks of a section."""
    return [block for block in code_blocks(README, *SECTIONS[title]) if block.language == language]


@pytest.mark.parametrize("title", [title for title in SECTIONS if blocks(title, "python")])
def test_the_python_of_a_section_runs_and_prints_what_it_says(title, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_python(blocks(title, "python"))


def test_the_quick_start_is_two_lines_each_with_its_own_environment():
    (block,) = blocks("Quick start", "sh")
    first, second = block.code.splitlines()
    assert first.split(" && ")[-1].endswith("-m experiments.cats")
    assert second.split(" && ")[-1].endswith("-m pytest -q")
    for line in (first, second):
        assert line.startswith("python3 -m venv --clear .venv")


def test_every_module_is_named_in_the_table():
    rows = re.findall(r"^\| `([^`]+)` \|", TEXT[slice(*SECTIONS["What's where"])], re.MULTILINE)
    package = Path(minidl.__file__).parent
    modules = {path.name for path in package.glob("*.py")} | {
        f"{path.parent.name}/" for path in package.glob("*/__init__.py")
    }
    assert sorted(rows) == sorted(modules - {"__init__.py", "__main__.py"})


def test_every_link_to_a_file_leads_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", TEXT):
        assert (README.parent / target).exists(), target
