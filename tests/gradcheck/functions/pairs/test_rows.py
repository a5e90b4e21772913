"""The order of rows, and rows that another one explains."""

import numpy as np

from minidl.gradcheck.functions.pairs.returned import Returned
from minidl.gradcheck.functions.pairs.rows import (
    broken_row,
    leave_none_unresolved,
    link_to_broken_rules,
    rows_in_order,
)
from minidl.gradcheck.result import Check


def row(name, verdict="pass", diagnosis=""):
    return Check(None, "total", name, verdict=verdict, diagnosis=diagnosis)


def test_rows_are_in_the_order_of_the_inputs():
    values = dict.fromkeys("xwb", np.ones(2))
    checks = [row("b"), row("x"), broken_row("a rule", "broken")]
    rows = rows_in_order(values, checks, Returned(problems={"w": "its gradient is missing"}))
    assert [check.parameter for check in rows] == ["a rule", "x", "w", "b"]
    assert rows[2].verdict == "fail"
    assert rows[2].elements == 2


def test_none_is_unresolved_where_it_fails():
    checks = [row("x", "fail"), row("y", "pass"), row("z", "fail")]
    leave_none_unresolved(checks, {"x", "y"})
    assert [check.verdict for check in checks] == ["unresolved", "pass", "fail"]
    assert checks[0].resolution == np.inf


def test_unknown_causes_are_linked_to_a_broken_rule():
    checks = [broken_row("a rule", "it breaks"), row("x", "fail", "unknown cause: ..."), row("y")]
    checks.append(row("z", "fail", "a factor of 2"))
    link_to_broken_rules(checks)
    assert checks[1].diagnosis == "consistent with a broken rule: it breaks"
    assert checks[2].diagnosis == ""
    assert checks[3].diagnosis == "a factor of 2"
