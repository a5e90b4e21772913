"""What a report shows is the same in every format."""

from minidl.gradcheck.report.content import ReportContent
from minidl.gradcheck.report.html import render_html
from minidl.gradcheck.report.table import Row
from minidl.gradcheck.report.text import render_text

CONTENT = ReportContent(
    title="2 layers",
    method="complex step",
    rows=[Row("fail", "layer", "0 Linear(2, 1)", "weight", "2", "3.0e-01")],
    verdict="FAILED: 1 of 1 checks; difference 0.3",
    findings=["layer 0 Linear(2, 1) weight (layer): a slight factor"],
    mutation_score=(3, 4),
    surviving_mutants=["one element x 1.5"],
    notes=["not tested: 1 of 2 elements"],
)


def test_every_format_shows_title_rows_verdict_findings_and_notes():
    for shown in (render_text(CONTENT, colour=False), render_html(CONTENT)):
        for text in (CONTENT.title, CONTENT.verdict, *CONTENT.rows[0], *CONTENT.findings):
            assert text in shown
        assert CONTENT.notes[0] in shown
        assert "3 of 4" in shown
