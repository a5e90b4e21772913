"""The checker detects every mutant of minidl's gradients that is not equivalent to the source.

Of each function some are drawn; ``MINIDL_MUTANTS=1000`` tries that many of each, which are all.
"""

import importlib
import os
import random

import pytest
from mutations import EQUIVALENT, TARGETS, mutants, verdict

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

ALL = list(mutants())
MOST = int(os.environ.get("MINIDL_MUTANTS", "12"))  # of one function


def test_each_target_has_mutants():
    assert {(mutant.module, mutant.owner, mutant.method) for mutant in ALL} == set(TARGETS)
    assert len(ALL) > 300


def test_names_are_unique_and_equivalents_exist():
    names = [mutant.name for mutant in ALL]
    assert len(set(names)) == len(names)
    assert sum(bool(mutant.equivalent) for mutant in ALL) == len(EQUIVALENT)


@pytest.mark.parametrize("target", TARGETS, ids=".".join)
def test_the_checker_detects_every_mutant(target):
    chosen = [mutant for mutant in ALL if (mutant.module, mutant.owner, mutant.method) == target]
    tested = [mutant for mutant in chosen if not (mutant.equivalent or mutant.differs_on_ties_only)]
    if len(tested) > MOST:
        tested = random.Random(".".join(target)).sample(tested, MOST)
    survivors = [mutant.name for mutant in tested if not verdict(mutant)]
    assert not survivors, "test these, or say in EQUIVALENT why they are right:\n" + "\n".join(
        survivors
    )


@pytest.mark.parametrize(
    "mutant", [mutant for mutant in ALL if mutant.equivalent], ids=lambda mutant: mutant.name
)
def test_equivalent_mutants_pass(mutant):
    assert verdict(mutant) == ""


def test_models_pass_without_a_mutation():
    for target in random.Random(0).sample(TARGETS, min(len(TARGETS), MOST)):
        mutant = next(
            mutant for mutant in ALL if (mutant.module, mutant.owner, mutant.method) == target
        )
        unchanged = _Unchanged(mutant)
        assert verdict(unchanged) == "", target


class _Unchanged:
    """A mutant without a change: the function of the source itself."""

    def __init__(self, mutant):
        self.module, self.owner, self.method = mutant.module, mutant.owner, mutant.method

    def function(self):
        space = self.namespace()
        return vars(space[self.owner])[self.method] if self.owner else space[self.method]

    def namespace(self):
        return vars(importlib.import_module(f"minidl.{self.module}"))
