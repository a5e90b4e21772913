"""The README keeps its word: its Python runs, its lists are complete."""

import re
from pathlib import Path

import pytest
from pages import code_blocks, run_python

import minidl

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")

BEGINNING = "minidl"  # what stands before the first section


def sections():
    """Return where the beginning and the body of each "## " section begin and end, by title."""
    heads = list(re.finditer(r"^## (.+)\n", TEXT, re.MULTILINE))
    ends = [head.start() for head in heads[1:]] + [len(TEXT)]
    bodies = {head[1]: (head.end(), end) for head, end in zip(heads, ends, strict=True)}
    return {BEGINNING: (0, heads[0].start())} | bodies


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


def test_the_beginning_shows_three_programs_of_at_most_ten_lines():
    programs = [block.code for block in blocks(BEGINNING, "python")]
    assert len(programs) == 3
    for program in programs:
        assert len([line for line in program.splitlines() if line]) <= 10
        assert max(map(len, program.splitlines())) <= 76  # beside its picture on the first page


def test_the_third_program_finds_the_bug_where_its_picture_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    program = blocks(BEGINNING, "python")[-1].code
    path = tmp_path / "bug.py"
    path.write_text(program, encoding="utf-8")
    exec(compile(program, str(path), "exec"), {"__name__": "bug"})
    printed = capsys.readouterr().out
    words = "right with `1` for `0` in line 9"
    assert words in printed
    picture = README.parent / "docs" / "pictures" / "report-light.svg"
    shown = picture.read_text(encoding="utf-8").replace("&#160;", " ")
    assert words in shown
    assert "`1` for `0`" in printed.splitlines()[8]


def test_every_picture_is_there_in_both_looks_and_is_described():
    pictures = re.findall(
        r'<picture><source media="\(prefers-color-scheme: dark\)" srcset="(.+?)-dark\.(\w+)">'
        r'<img src="(.+?)-light\.(\w+)" width="\d+" alt="([^"]+)"></picture>',
        TEXT,
    )
    assert len(pictures) == TEXT.count("<img ") == 4
    for dark, dark_ending, light, light_ending, _ in pictures:
        assert dark == light
        for look, ending in (("dark", dark_ending), ("light", light_ending)):
            assert (README.parent / f"{light}-{look}.{ending}").stat().st_size < 100_000


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
