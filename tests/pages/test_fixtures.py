"""The fixtures of this folder: what they find wrong, and what they let pass."""

import pytest

RIGHT = """<!doctype html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>A page</h1><p>Text.</p></main></body></html>"""


def test_a_right_page_passes(page, check_accessibility, check_width):
    page.set_content(RIGHT)
    check_accessibility(page)
    check_width(page)


def test_grey_on_grey_and_pictures_without_words_fail(page, check_accessibility):
    text = '<p style="color: #999; background: #bbb">Text.</p><img src="data:,">'
    page.set_content(RIGHT.replace("<p>Text.</p>", text))
    with pytest.raises(pytest.fail.Exception) as failure:
        check_accessibility(page)
    assert "color-contrast" in str(failure.value)
    assert "image-alt" in str(failure.value)


def test_a_page_that_is_too_wide_fails(page, check_width):
    page.set_content(RIGHT.replace("<p>", '<p style="width: 2000px">'))
    with pytest.raises(AssertionError, match="px wide in a window of 1440 px"):
        check_width(page)


def test_pages_have_the_size_and_the_colours_that_are_asked_for(new_page, size, scheme):
    page = new_page(size, scheme)
    assert page.evaluate("innerWidth") == size["width"]
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
