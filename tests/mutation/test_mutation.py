"""The script that changes the code: what it draws, runs, ends and keeps."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from . import equivalent
from .campaign import Campaign
from .changes import Change, annotations, code_lines, draw_changes, make_change
from .equivalent import EQUIVALENT
from .table import table
from .trial import copied_tree, mirrored_tests, run_tests, wider_tests

ROOT = Path(__file__).parents[2]
MODULE = '''"""Text."""

import os


def double(x: int | None = 1) -> int:
    """Return 2 x."""
    # A comment.
    return 2 * x
'''


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # pytest starts sooner
    root = tmp_path / "tree"
    for folder in ("minidl", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "minidl" / "part.py").write_text(MODULE)
    test = "from part import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
    (root / "tests" / "test_part.py").write_text(test)
    (root / "setup.cfg").write_text("[tool:pytest]\npythonpath = minidl\n")
    return root


def change(old, new, line=9):
    return Change("minidl/part.py", line, "Hand", len(new), MODULE.replace(old, new))


def campaign(tree, changes, **options):
    made = Campaign(tree, tree.parent / "results.jsonl", options.pop("seconds", 60), 0)
    return made.run("minidl", 0, None, draw=lambda *_: changes, **options)


def test_lines_of_code_are_those_that_run():
    assert code_lines(MODULE) == [6, 9]
    first, second = sorted(annotations(MODULE))
    assert MODULE.splitlines()[5][slice(first[0][1], first[1][1])] == "int | None"
    assert MODULE.splitlines()[5][slice(second[0][1], second[1][1])] == "int"


def test_verdicts_are_kept_and_the_tree_is_not_changed(tree, monkeypatch):
    changes = [change("2 * x", "3 * x"), change("x: int | None = 1", "x: int | None = 2", 6)]
    before = {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()}
    results = campaign(tree, changes)
    assert [result["verdict"] for result in results] == ["noticed", "survived"]
    assert results[0]["diff"] == ["-    return 2 * x", "+    return 3 * x"]
    assert {file: file.read_bytes() for file in tree.rglob("*") if file.is_file()} == before
    monkeypatch.setattr(f"{Campaign.__module__}.run_tests", None)  # nothing is run again
    assert campaign(tree, changes) == results
    old, new = (line[1:].strip() for line in results[1]["diff"])
    monkeypatch.setitem(EQUIVALENT, ("minidl/part.py", old, new), "nobody leaves x out")
    assert campaign(tree, changes)[1]["verdict"] == "equivalent"
    shown = table(campaign(tree, changes))
    assert shown[-1].split() == ["all", "2", "1", "0", "1", "100%"]


def test_tests_that_fail_without_a_change_say_nothing(tree):
    (tree / "tests" / "test_part.py").write_text("def test_double():\n    assert False\n")
    with pytest.raises(SystemExit, match="tests must pass without a change"):
        campaign(tree, [change("2 * x", "3 * x")])


def test_children_of_tests_that_hang_are_ended(tree):
    """A child that is left behind would hold the pipe open from which this test reads."""
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    hang = (
        "import os\n\ndef test_double():\n"
        f"    os.write({write_end}, b'x')\n    os.fork()\n    os.read(os.pipe()[0], 1)\n"
    )
    (tree / "tests" / "test_part.py").write_text(hang)
    try:
        verdict, _ = run_tests(tree, ["tests"], 2, pass_fds=[write_end])
    finally:
        os.close(write_end)
    with open(read_end, "rb") as pipe:
        assert pipe.read() in (b"x", b"")  # and its end: nobody has the other side open
    assert verdict == "out of time"


def test_the_copy_is_removed(tree):
    (tree / ".git").mkdir()
    with copied_tree(tree) as copy:
        assert (copy / "minidl" / "part.py").read_text() == MODULE
        assert not (copy / ".git").exists()
    assert not copy.exists()


def test_the_tests_of_a_module_and_of_what_imports_it():
    path = "minidl/layers/relu.py"
    assert mirrored_tests(ROOT, path) == ["tests/layers/test_relu.py", path]
    assert mirrored_tests(ROOT, "minidl/layers/__init__.py")[0] == "tests/layers"
    assert mirrored_tests(ROOT, "minidl/__init__.py") == ["minidl/__init__.py"]
    wider = wider_tests(ROOT, "minidl/utils/output.py")
    assert wider[0] == "tests/utils"
    assert {"tests/cli/test_streams.py", "tests/test_docs.py"} < set(wider)
    assert "tests/layers/test_relu.py" not in wider


def test_equivalent_changes_have_a_reason_and_are_of_today():
    for (path, old, *_), reason in EQUIVALENT.items():
        assert old in [line.strip() for line in (ROOT / path).read_text().splitlines()], path
        assert len(reason) > 10
    assert "reason" in equivalent.__doc__


def test_changes_are_drawn_from_a_seed_and_spread_over_lines(tree):
    pytest.importorskip("cosmic_ray")
    drawn = list(draw_changes(tree, ["minidl/part.py"], 12, random.Random(1)))
    assert drawn == list(draw_changes(tree, ["minidl/part.py"], 12, random.Random(1)))
    assert len({one.key for one in drawn}) == 12
    assert set(Counter(one.line for one in drawn)) == {6, 9}
    for one in drawn:
        old, new = one.diff(MODULE)
        assert "int | None" in new or "return" in new
        assert old != new
    assert json.dumps(drawn[0].key)


def test_exceptions_with_a_dotted_name_are_not_replaced(tree):
    pytest.importorskip("cosmic_ray")
    code = "try:\n    f()\nexcept (csv.Error, re.error):\n    pass\n"
    (tree / "minidl" / "part.py").write_text(code)
    assert make_change(tree, "minidl/part.py", 3, "ExceptionReplacer", 0) is None


def test_what_the_own_operators_leave_out():
    pytest.importorskip("cosmic_ray")
    from cosmic_ray.mutating import mutate_code

    from .operators import RemoveArgument, RemoveStatement

    for operator in (RemoveArgument(), RemoveStatement()):
        for example in operator.examples():
            changed = mutate_code(example.pre_mutation_code, operator, 0)
            assert changed == example.post_mutation_code
    assert mutate_code("f(a, b=1, c=2)", RemoveArgument(), 1) == "f(a, b=1)"
    assert mutate_code("x = f(*a, **b)\n", RemoveArgument(), 0) is None
    assert mutate_code("x = f(y)\n", RemoveStatement(), 0) is None


def test_what_survived_is_tried_again_after_a_test_was_added(tree):
    pytest.importorskip("cosmic_ray")
    changes = list(draw_changes(tree, ["minidl/part.py"], 12, random.Random(1)))
    changes = [one for one in changes if "int | None = " in one.diff(MODULE)[1]][:2]
    assert [result["verdict"] for result in campaign(tree, changes)] == ["survived"] * 2
    with (tree / "tests" / "test_part.py").open("a") as file:
        file.write("\n\ndef test_default():\n    assert double() == 2\n")
    assert [result["verdict"] for result in campaign(tree, [], again=True)] == ["noticed"] * 2
