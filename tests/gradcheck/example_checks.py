"""Checks and reports made by hand."""

from minidl.gradcheck import Check, Report

WORST = {"index": [1, 2], "analytic": 2.0, "numeric": 1.0, "bar": 1e-12}


def report(*checks, **settings):
    return Report(
        list(checks), title="2 layers", difference=0.25, method="complex step", **settings
    )


def good(layer=0, term="layer", parameter="weight", **more):
    return Check(
        layer, term, parameter, difference=1e-15, component="Linear(2, 1)", elements=2, **more
    )


def bad(layer=0, term="layer", parameter="weight", **more):
    return Check(
        layer,
        term,
        parameter,
        **{
            "difference": 0.3,
            "verdict": "fail",
            "component": "Linear(2, 1)",
            "diagnosis": "a factor 2",
            **more,
        },
    )


def unresolved(**more):
    return Check(
        1,
        "data",
        "bias",
        verdict="unresolved",
        diagnosis="rounding floor",
        component="Linear(2, 1)",
        **more,
    )
