"""Elements of HTML: what is a text is escaped, what is HTML is not."""

from minidl.html_pages.markup import MAX_TEXT, Markup, element, joined, text


def test_texts_are_escaped_and_elements_are_not():
    inner = element("b", 'a < b & "c"')
    assert inner == "<b>a &lt; b &amp; &quot;c&quot;</b>"
    assert element("p", inner, "<i>") == f"<p>{inner}&lt;i&gt;</p>"
    assert isinstance(inner, Markup)


def test_attributes_cannot_be_left():
    link = element("img", alt='"><script>', class_="", open=True, hidden=False, aria_label="x")
    assert link == '<img alt="&quot;&gt;&lt;script&gt;" open aria-label="x">'


def test_a_name_of_any_length_has_no_control_characters_and_an_end():
    shown = text("\x1b\u202e" + "a" * 10 * MAX_TEXT)
    assert shown.startswith(r"\x1b\u202eaaa")
    assert len(shown) == MAX_TEXT
    assert shown.endswith("…")


def test_pieces_are_joined():
    assert joined("<", Markup("<br>"), "") == "&lt;<br>"
