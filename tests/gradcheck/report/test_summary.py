"""The conclusions of a report, in words."""

from example_checks import bad, good, report, unresolved


def test_what_follows_from_others_is_only_listed():
    text = str(
        report(
            bad(),
            bad(1, "data", caused_by="layer 0 alone", diagnosis="hidden"),
            *[bad(9, "total", caused_by="x")] * 9,
        )
    )
    assert "possible consequences: data 1 weight, total 9 weight" in text
    assert "..." in text
    assert "hidden" not in text


def test_many_findings_are_cut_short():
    text = str(report(*[bad(i, diagnosis="") for i in range(8)]))
    assert "... and 2 more: see report.failures" in text
    assert text.count("unknown cause") == 6


def test_the_unresolved_are_listed_with_their_reason():
    assert "layer 1 Linear(2, 1) bias (data), unresolved: rounding floor" in str(
        report(good(), unresolved())
    )
