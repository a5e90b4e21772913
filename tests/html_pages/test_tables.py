"""Tables and lists of facts."""

import pytest

from minidl import ArgumentError
from minidl.html_pages.markup import element
from minidl.html_pages.tables import checked_facts, facts, folded, scrolling, table


def test_a_table_has_headers_of_columns_and_rows_and_numbers_at_the_right():
    made = table(["name", "count"], [("<a>", "1"), (element("b", "b"), "2")], caption="Counts")
    assert "<caption>Counts</caption>" in made
    assert '<th scope="col">name</th><th scope="col">count</th>' in made
    assert '<tr><th scope="row">&lt;a&gt;</th><td>1</td></tr>' in made
    assert '<th scope="row"><b>b</b></th>' in made
    aligned = table(["name", "count"], [("a", "1")], caption="", numbers=["count"])
    assert '<td class="number">1</td>' in aligned


def test_what_is_wide_scrolls_also_by_the_keyboard():
    assert scrolling(element("p"), "rows") == (
        '<div class="scroll" role="group" tabindex="0" aria-label="rows"><p></p></div>'
    )


def test_a_long_fact_takes_the_whole_width():
    assert facts({"a": "1"}) == "<dl><div><dt>a</dt><dd>1</dd></div></dl>"
    assert '<div class="wide">' in facts({"a": "x" * 41})


@pytest.mark.parametrize("values", [["a"], {"a": 1}, {1: "a"}, "text"])
def test_facts_of_a_user_are_texts(values):
    with pytest.raises(ArgumentError, match="about must be a dict of texts by name"):
        checked_facts(values)


def test_what_is_folded_can_be_open():
    assert folded("more", "text") == "<details><summary>more</summary>text</details>"
    assert folded("more", is_open=True).startswith("<details open>")
