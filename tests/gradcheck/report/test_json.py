"""A report as JSON."""

import json

import numpy as np
from example_checks import WORST, bad, good, report


def test_json_has_everything_but_the_arrays():
    failed = report(
        good(),
        bad(
            analytic=np.ones(2),
            numeric=np.zeros(2),
            bar=np.zeros(2),
            worst=WORST,
            caused_by="x",
            untested=np.int64(3),
        ),
    )
    failed.mutation_score = (1, 2)
    content = json.loads(failed.to_json())
    assert content["ok"] is False
    assert content["status"] == "failed"
    assert content["difference"] == 0.25
    assert content["mutation_score"] == [1, 2]
    assert content["guilty"] == "layer 0 Linear(2, 1) weight"
    assert len(content["checks"]) == 2
    check = content["checks"][1]
    assert {
        "layer": 0,
        "term": "layer",
        "parameter": "weight",
        "verdict": "fail",
        "caused_by": "x",
    }.items() <= check.items()
    assert check["worst"] == WORST
    assert check["untested"] == 3
    assert not {"analytic", "numeric", "bar"} & set(check)
    assert json.loads(report(good()).to_json())["guilty"] is None


def test_json_is_strict_where_a_gradient_is_not_a_number():
    failed = report(bad(worst={**WORST, "analytic": np.nan, "numeric": np.inf}))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    json.loads(failed.to_json(), parse_constant=refuse)
