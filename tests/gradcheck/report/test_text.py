"""A report as text."""

import pytest
from example_checks import WORST, bad, good, report, unresolved


def test_the_text_says_which_side_is_numeric_and_what_was_found():
    failed = report(
        bad(worst=WORST, error_summary="1 of 6 elements wrong"),
        bad(2, worst={**WORST, "index": []}),
    )
    text = str(failed)
    assert "analytic: backward; numeric: complex step" in text
    assert "layer 0 Linear(2, 1) weight (layer): a factor 2" in text
    assert "worst at (1, 2): analytic 2, numeric 1 +- 1.0e-12" in text
    assert "worst: analytic 2" in text
    assert "1 of 6 elements wrong" in text
    assert "FAILED: 2 of 2 checks; difference 0.25" in text


def test_the_mutation_score_and_the_surviving_mutants_are_shown():
    passed = report(good())
    assert "mutation test" not in str(passed)
    passed.mutation_score, passed.surviving_mutants = (3, 9), [f"bug {i}" for i in range(6)]
    passed.notes.append("a note")
    text = str(passed)
    assert "mutation test: 3 of 9 bugs injected into this model were detected" in text
    assert "not detected: bug 4" in text
    assert "bug 5" not in text
    assert text.endswith("a note")


@pytest.mark.parametrize(
    ("terminal", "colour", "painted"),
    [(True, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
def test_colour_only_on_a_terminal_or_on_request(monkeypatch, terminal, colour, painted):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    text = report(good(), bad(), unresolved()).text(colour=colour)
    assert ("\033[31mfail" in text) == painted
    assert ("\033[33munresolved" in text) == painted
    assert ("\033[" in text) == painted


@pytest.mark.parametrize(
    ("checks", "code"),
    [([good()], 32), ([good(), unresolved()], 33), ([unresolved(), bad(), good()], 31)],
)
def test_the_verdict_has_the_colour_of_the_worst_check(checks, code):
    content = report(*checks)
    verdict = next(line for line in str(content).splitlines()[4:] if ":" in line)
    assert f"\033[{code}m{verdict}\033[0m\n" in content.text(colour=True) + "\n"


def test_str_is_coloured_on_a_terminal_unless_no_color_is_set(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\033[" in str(report(bad()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in str(report(bad()))
