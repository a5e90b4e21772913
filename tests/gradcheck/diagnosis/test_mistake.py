"""Mistakes that cannot be made in a case give no candidate."""

from minidl.gradcheck.diagnosis.mistake import Mistake, candidates_of


def test_only_possible_mistakes_give_candidates():
    mistakes = [Mistake("doubled", lambda n: 2 * n), Mistake("never", lambda n: None)]
    assert list(candidates_of(mistakes, 3.0)) == [("doubled", 6.0)]
