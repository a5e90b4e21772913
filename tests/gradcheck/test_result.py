"""One comparison: a row of the report."""

from minidl.gradcheck import Check


def test_the_location_in_words():
    assert (
        Check(2, "layer", "weight", component="Linear(3, 1)").location
        == "layer 2 Linear(3, 1) weight"
    )
    assert (
        Check(2, "layer", "input", component="Dropout(0.5)", training=True).location
        == "layer 2 Dropout(0.5) input (training)"
    )
    assert Check(None, "data", "prediction").location == "data prediction"


def test_a_new_check_passes_and_has_no_findings():
    check = Check(0, "layer", "weight")
    assert (check.verdict, check.difference, check.diagnosis) == ("pass", 0.0, "")
    assert check.worst == {}
    assert check.analytic is None
