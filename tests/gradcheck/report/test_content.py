"""What a report shows is the same in every format."""

from example_checks import bad

from minidl.gradcheck.report.content import ReportContent
from minidl.gradcheck.report.html import render_html
from minidl.gradcheck.report.table import Row
from minidl.gradcheck.report.text import render_text

CONTENT = ReportContent(
    title="2 layers",
    status="failed",
    method="complex step",
    seconds=1.5,
    rows=[Row("fail", "layer", "0 Linear(2, 1)", "weight", "2", "3.0e-01")],
    verdict="FAILED: 1 of 1 checks; difference 0.3",
    failures=[bad(diagnosis="a slight factor")],
    further_findings=["possible consequences: total 0 weight"],
    mutation_score=(3, 4),
    surviving_mutants=["one element x 1.5"],
    notes=["not tested: 1 of 2 elements"],
)


def test_every_format_shows_rows_verdict_findings_and_notes():
    for shown in (render_text(CONTENT, colour=False), render_html(CONTENT)):
        for text in (CONTENT.verdict, *CONTENT.rows[0], *CONTENT.further_findings):
            assert text in shown
        assert "slight factor" in shown
        assert CONTENT.notes[0] in shown
        assert "3 of 4" in shown
