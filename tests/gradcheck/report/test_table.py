"""The table of a report."""

from example_checks import bad, good, report, unresolved

from minidl.gradcheck import Check


def body(text):
    """Return the rows of the table."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("verdict"))
    return lines[start + 1 : lines.index("", start)]


def test_the_worst_comes_last():
    small, large = bad(0, difference=1e-9), bad(1, difference=0.9)
    rows = body(str(report(large, good(), unresolved(), small)))
    assert [row.split()[0] for row in rows] == ["pass", "unresolved", "fail", "fail"]
    assert rows[-1].endswith("9.0e-01")
    assert rows[-2].endswith("1.0e-09")


def test_kept_rules_are_one_row_for_each_layer():
    rules = [
        Check(layer, "protocol", str(i), component="Tanh()", training=training)
        for layer, training in ((0, False), (0, True), (1, False))
        for i in range(11)
    ]
    rows = body(str(report(*rules, bad(1, "protocol", "rows independent"))))
    assert len(rows) == 4
    assert [("11 rules" in row) for row in rows] == [True, True, True, False]
    assert sum("(training)" in row for row in rows) == 1
