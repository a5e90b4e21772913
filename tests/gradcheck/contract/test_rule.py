"""Rules become rows of the report."""

from minidl.gradcheck.contract.layer_rules import LAYER_RULES
from minidl.gradcheck.contract.loss_rules import LOSS_RULES
from minidl.gradcheck.contract.penalty_rules import PENALTY_RULES
from minidl.gradcheck.contract.rule import Rule, run_rules

RULES = [
    Rule("is_even", "an even number", lambda n: f"{n} is odd" if n % 2 else None),
    Rule("is_positive", "a positive number", lambda n: None if n > 0 else f"{n} is not > 0"),
]


def test_each_rule_is_a_row():
    odd, positive = run_rules(RULES, 3, "three")
    assert (odd.verdict, odd.difference, odd.diagnosis) == ("fail", 1.0, "3 is odd")
    assert (positive.verdict, positive.difference, positive.diagnosis) == ("pass", 0.0, "")
    assert [check.parameter for check in (odd, positive)] == [rule.title for rule in RULES]
    assert {(c.term, c.component, c.layer) for c in (odd, positive)} == {
        ("protocol", "three", None)
    }


def test_ids_and_titles_are_unique():
    for rules in ([*LAYER_RULES.values()], LOSS_RULES, PENALTY_RULES):
        assert len({rule.id for rule in rules}) == len({rule.title for rule in rules}) == len(rules)
    assert all(name == rule.id for name, rule in LAYER_RULES.items())
