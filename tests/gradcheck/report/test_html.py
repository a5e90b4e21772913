"""A report as HTML."""

import re

import numpy as np
import pytest
from example_checks import WORST, bad, good, report, unresolved

from minidl import ArgumentError

ARRAYS = {"analytic": np.full((2, 3), 2.0), "numeric": np.ones((2, 3)), "bar": np.full((2, 3), 0.1)}


def words_of(html):
    """Return the text of a page without its style."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL).split())


def test_html_has_every_row_and_is_escaped():
    failed = report(good(), bad(component="<script>", diagnosis="a < b"))
    failed.mutation_score = (1, 2)
    failed.surviving_mutants = ["<weight>: a factor 2"]
    failed.notes.append("R&D")
    html = failed._repr_html_()
    assert html.count("<tr>") == 4  # two tables of one row each
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "A &lt; b" in html
    assert "R&amp;D" in html
    assert "1 of 2 bugs that were injected" in html
    assert "&lt;weight&gt;: a factor 2" in html
    opened = re.findall(r"<(\w+)[ >]", html)
    assert len(opened) == len(re.findall(r"</(\w+)>", html)) + opened.count("img")


def test_the_diagnosis_comes_first_and_in_plain_words():
    diagnosis = "analytic = 2 x numeric: consistent with an extra factor of 2"
    summary = "6 of 6 elements wrong"
    first = bad(diagnosis=diagnosis, error_summary=summary, worst=WORST, **ARRAYS)
    follows = bad(1, "total", caused_by="layer 0", diagnosis="hidden")
    html = report(good(), first, follows)._repr_html_()
    words = words_of(html)
    begin = words.index("Gradient check of")
    assert words[begin:].startswith(
        "Gradient check of 2 layers FAILED: 2 of 3 checks; difference 0.25 A gradient is wrong. "
        "Look first at weight of layer 0, Linear(2, 1) . "
        "Yours = 2 x the right one: it looks like an extra factor of 2."
    )
    assert "6 of 6 elements wrong." in words
    assert "at (1, 2): yours 2, the right one 1 ± 1.0e-12" in words
    assert "possible consequences: total 1 weight" in words
    assert "hidden" not in words
    assert html.count("<img") == 1
    assert "Map of layer 0" in html


def test_what_passed_is_folded_and_what_failed_is_not():
    html = report(good(), bad())._repr_html_()
    before, folded = html.split("<details>")
    assert before.count("<tr>") == folded.count("<tr>") == 2
    assert "<summary>1 row passed</summary>" in folded
    assert "<details>" not in report(bad())._repr_html_()


def test_a_broken_rule_is_called_one():
    html = report(bad(1, "protocol", "gradients overwritten", diagnosis=""))._repr_html_()
    assert "A rule is broken. Look first at" in html
    assert "The cause is unknown." in html


def test_training_and_the_way_through_the_network_are_part_of_the_place():
    html = report(bad(2, "data", "bias", training=True))._repr_html_()
    assert "bias of layer 2, Linear(2, 1) in training (data)" in html
    html = report(bad(None, "total", "W1", component=""))._repr_html_()
    assert "Look first at <b>W1</b>." in html
    assert ">layer</th>" not in html  # an empty column


def test_outcomes_in_a_sentence():
    assert (
        "Every gradient is right, and each check could have failed." in report(good())._repr_html_()
    )
    words = words_of(report(good(), unresolved())._repr_html_())
    assert "a mistake could hide" in words
    assert "unresolved: rounding floor" in words


def test_many_checks_make_no_large_page():
    many = [good(i, diagnosis="") for i in range(3000)] + [bad(i) for i in range(10)]
    html = report(*many)._repr_html_()
    assert len(html) < 300_000
    assert "... and 2,500 more." in html
    assert "... and 4 more, in the table." in html


def test_terms_are_explained_in_the_report_of_a_model():
    assert "Terms: layer, a layer alone; total," in report(good(), good(0, "total"))._repr_html_()
    function = report(good(None, "total", "W1"), good(None, "protocol", "2 rules"))
    assert "Terms:" not in function._repr_html_()


def test_what_is_said_once_is_not_repeated():
    html = report(bad(None, "total", "W1"), bad(None, "total", "W2"))._repr_html_()
    assert html.count("A factor 2.") == 2  # in the box, and below
    assert html.count("The same diagnosis.") == 1


def test_a_report_is_saved_as_a_page(tmp_path):
    path = report(good()).save(tmp_path / "a.html", about={"task <1>": "week & 2"})
    html = path.read_text("utf-8")
    assert "<h1>Gradient check of 2 layers</h1>" in html
    assert "<dt>task &lt;1&gt;</dt><dd>week &amp; 2</dd>" in html
    with pytest.raises(ArgumentError, match=r"Report\.save writes a page of HTML"):
        report(good()).save(tmp_path / "a.json")
    with pytest.raises(ArgumentError, match="about must be a dict"):
        report(good()).save(tmp_path / "b.html", about=["a"])
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
