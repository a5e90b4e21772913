import pytest
from thread_ranks import results_of, run_ranks

from minidl import ArgumentError, ResumeError, ShapeError
from minidl.parallel.agreement import agreeing, check_equal
from minidl.parallel.process_group import ProcessGroup


def raised(errors):
    """Return the errors of a block that raises errors[rank], None for none."""

    def work(group):
        with agreeing(group):
            if errors[group.rank] is not None:
                raise errors[group.rank]
        return "no error"

    return run_ranks(len(errors), work)


def test_nothing_happens_without_an_error():
    assert raised([None, None]) == ["no error"] * 2


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ShapeError("too long"), ShapeError, "too long (on rank 1 of 3)"),
        (ResumeError("other", "same"), ResumeError, "other: same (on rank 1 of 3)"),
        (KeyError("y"), ArgumentError, "KeyError: 'y' (on rank 1 of 3)"),
    ],
)
def test_the_error_of_one_rank_is_raised_on_all(error, kind, text):
    found = raised([None, error, None])
    assert [(type(each), str(each)) for each in found] == [(kind, text)] * 3
    assert found[1].__cause__ is error


def test_an_error_of_all_ranks_stays_as_it_is():
    errors = [KeyError("y"), KeyError("y")]
    assert raised(errors) == errors


def test_the_error_of_the_lowest_rank_wins():
    found = raised([None, ShapeError("a"), ArgumentError("b"), None])
    assert {str(each) for each in found} == {"a (on ranks 1 and 2 of 4)"}


def test_what_differs_is_named_with_the_ranks():
    def work(group):
        short, long = f"{3 + group.rank // 2}", f"{group.rank == 3:064}"
        check_equal(group, {"epochs": short, "data": long, "model": "same"})

    (text,) = {str(error) for error in run_ranks(4, work)}
    assert "got other epochs on ranks 2 and 3 than on rank 0: 4 instead of 3; " in text
    assert "other data on rank 3 than on rank 0: run the same program" in text
    assert "model on" not in text


def test_equal_ranks_and_one_alone_pass():
    assert results_of(2, lambda group: check_equal(group, {"epochs": "3"})) == [None] * 2
    check_equal(ProcessGroup(), {"epochs": "3"})
