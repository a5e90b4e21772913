"""Pages: one file, no network, light and dark."""

import re

import pytest

from minidl import ArgumentError, DataError
from minidl.html_pages.markup import element
from minidl.html_pages.page import check_page_path, fragment, page, save_page


def test_a_page_has_its_title_twice_and_needs_nothing_else():
    made = page("a < b", element("p", "text"))
    assert made.startswith("<!DOCTYPE html>\n<html lang=")
    assert "<title>a &lt; b</title>" in made
    assert "<main><h1>a &lt; b</h1><p>text</p></main>" in made
    assert not re.search(r"https?:|<script|<link|@import|url\(", made)
    assert "default-src &#x27;none&#x27;" in made
    assert "width=device-width" in made


def test_a_fragment_changes_nothing_outside_of_it():
    made = fragment(element("p", "text"))
    assert made.startswith('<div class="minidl"><style>')
    style = re.sub(r"/\*.*?\*/", "", made.split("style>")[1], flags=re.DOTALL)
    selectors = re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{", "", style))
    assert len(selectors) > 20
    for selector in selectors:
        outside = re.sub(r":is\([^)]*\)", "", selector)
        assert all(".minidl" in part for part in outside.split(",")), selector


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    path = save_page(tmp_path / "größe.HTML", "f", "title")
    assert "<h1>title</h1>" in path.read_text("utf-8")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(DataError, match="folder"):
        save_page(tmp_path / "folder.html", "f", "title")


@pytest.mark.parametrize("path", ["report.json", "report", b"a.html", 1, None])
def test_only_a_path_of_a_page_is_taken(path):
    with pytest.raises(ArgumentError, match=r"Report.save writes a page of HTML, to a path that"):
        check_page_path(path, "Report.save")
