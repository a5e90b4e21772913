"""A report as HTML."""

import re

from example_checks import bad, good, report


def test_html_has_every_row_and_is_escaped():
    failed = report(good(), bad(component="<script>", diagnosis="a < b"))
    failed.mutation_score = (1, 2)
    failed.notes.append("R&D")
    html = failed._repr_html_()
    assert html.count("<tr>") == 3
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert "R&amp;D" in html
    assert "1 of 2 injected bugs" in html
    assert len(re.findall(r"<(\w+)[ >]", html)) == len(re.findall(r"</(\w+)>", html)) + html.count(
        "<br>"
    )
