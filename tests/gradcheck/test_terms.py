"""One term of the objective: as a function of each parameter, and the check of its gradient."""

import numpy as np
import pytest
from helpers import classifier, rows
from stage_context import context_of

from minidl import L2
from minidl.gradcheck.numeric.differences import ComplexStep
from minidl.gradcheck.numeric.numeric_gradient import NumericGradient
from minidl.gradcheck.stages.network import data_gradient, noisy_data_gradients
from minidl.gradcheck.terms import check_term, term_of_examples, term_of_parameter


def test_the_terms_are_those_of_the_objective():
    X, Y = rows()
    model = classifier(penalties=[L2(0.3)])
    expected = model.objective(X, Y)
    with context_of(model, X, Y) as context:
        for term, value in expected.items():
            context.sandbox.set_dtype("real")
            assert float(term_of_examples(context, term)(X)) == pytest.approx(value, rel=1e-12)
            function = term_of_parameter(context, term, (0, "weight"))
            assert float(function.evaluate("real")) == pytest.approx(value, rel=1e-12)
            assert np.iscomplexobj(function.evaluate("complex"))


@pytest.mark.parametrize("with_elements", [False, True], ids=["probes", "elements"])
@pytest.mark.parametrize("has_bug", [False, True])
def test_a_term_is_compared_for_each_parameter(has_bug, with_elements):
    with context_of(classifier(), *rows()) as context:
        gradient, noisy = data_gradient(context), noisy_data_gradients(context).runs
        numeric = (
            {
                key: NumericGradient(value.copy(), 1e-14 + 0 * value, "complex step")
                for key, value in gradient.items()
            }
            if with_elements
            else {}
        )
        if has_bug:
            gradient[2, "weight"][0, 1] += 1e-6
        checks = check_term(context, "data", gradient, noisy, numeric, ComplexStep())
    assert {key: check.verdict for key, check in checks.items()} == {
        (0, "weight"): "pass",
        (0, "bias"): "pass",
        (2, "weight"): "fail" if has_bug else "pass",
        (2, "bias"): "pass",
    }
    assert all(("probes" in check.method) != with_elements for check in checks.values())


def test_probes_catch_what_the_elements_were_told_wrongly():
    with context_of(classifier(), *rows()) as context:
        gradient = {key: value + 1.0 for key, value in data_gradient(context).items()}
        numeric = {
            key: NumericGradient(value.copy(), 0 * value, "complex step")
            for key, value in gradient.items()
        }
        checks = check_term(context, "data", gradient, [], numeric, ComplexStep())
    assert {check.verdict for check in checks.values()} == {"fail"}
    assert "the objective as a whole does not" in checks[0, "weight"].diagnosis
