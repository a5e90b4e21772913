import pytest
from helpers import assert_refused, classifier, rows
from out_of_core_array import OutOfCoreArray

from minidl import Adam, ArgumentError, Callback, EarlyStopping, GradientDescent, ShapeError
from minidl.model.inputs import prepare_data

X, Y = rows(10)


FIT = {"optimizer": GradientDescent(0.1), "epochs": 1, "progress": False}


INVALID_ARGUMENTS = {
    "optimizer class": (
        {"optimizer": Adam},
        ArgumentError,
        r"optimizer must be an Optimizer such as Adam\(\), got",
    ),
    "optimizer name": (
        {"optimizer": "adam"},
        ArgumentError,
        "optimizer must be an Optimizer.*'adam'",
    ),
    "no epochs": ({"epochs": 0}, ArgumentError, "epochs must be an integer >= 1, got 0"),
    "fractional epochs": (
        {"epochs": 1.5},
        ArgumentError,
        "epochs must be an integer >= 1, got 1.5",
    ),
    "bool epochs": ({"epochs": True}, ArgumentError, "epochs must be"),
    "empty batch": (
        {"batch_size": 0},
        ArgumentError,
        "batch_size must be an integer >= 1, or None for the whole set, got 0",
    ),
    "fractional batch size": ({"batch_size": 2.5}, ArgumentError, "batch_size must be"),
    "shuffle": ({"shuffle": "yes"}, ArgumentError, "shuffle must be True, False, .* or a function"),
    "order": (
        {"shuffle": lambda epoch: [0] * 10},
        ArgumentError,
        r"shuffle\(1\) must return a permutation of range\(10\)",
    ),
    "callback class": (
        {"callbacks": [EarlyStopping]},
        ArgumentError,
        "callbacks must be a list of Callback objects",
    ),
    "callback": (
        {"callbacks": [print]},
        ArgumentError,
        "callbacks must be a list of Callback objects.*got <built-in",
    ),
    "bare callback class": (
        {"callbacks": EarlyStopping},
        ArgumentError,
        "callbacks must be a list of Callback objects",
    ),
    "validation": (
        {"validation": X},
        ArgumentError,
        r"validation must be a pair \(X, Y\), or \(X, Y, sample_weight\), got ndarray",
    ),
    "four": ({"validation": (X, Y, None, Y)}, ArgumentError, r"validation must be a pair \(X, Y\)"),
    "validation X": ({"validation": (X[:, :2], Y)}, ShapeError, "expects 3 features, got 2"),
    "validation Y": ({"validation": (X, Y[:3])}, ShapeError, "same number of rows, got 10 and 3"),
}


@pytest.mark.parametrize("name", INVALID_ARGUMENTS)
def test_invalid_arguments_are_refused_before_anything_changes(name):
    invalid, error, message = INVALID_ARGUMENTS[name]
    model = classifier()
    assert_refused(
        model, lambda: model.fit(X, Y, **{**FIT, "batch_size": 4, **invalid}), error, message
    )


def test_a_second_training_is_refused_before_anything_is_read():
    class Again(Callback):
        def on_epoch_end(self, run):
            with pytest.raises(ArgumentError, match="a model takes one training at a time"):
                run.model.fit(*unread, **FIT)

    unread = tuple(map(OutOfCoreArray, (X, Y)))
    classifier().fit(X, Y, **FIT, callbacks=[Again()])
    assert [source.row_ranges for source in unread] == [[], []]


@pytest.mark.parametrize(("share", "is_kept"), [(0.99, True), (1.01, False)])
def test_a_validation_set_in_a_file_gets_an_eighth_of_the_limit(share, is_kept):
    """It is kept in memory if loading it takes half of that, and else read in each epoch."""
    validation, model, n_reads = tuple(map(OutOfCoreArray, rows(200))), classifier(), []
    sources = prepare_data(model.objective_function, *validation)[:2]
    load_bytes = sum(source.total_load_bytes for source in sources)
    limit = round(load_bytes * 2 * 8 / share)
    for epochs in (1, 2):
        validation[0].row_ranges.clear()
        arguments = {**FIT, "epochs": epochs, "memory_limit": limit, "validation": validation}
        model.fit(OutOfCoreArray(X), Y, **arguments)
        n_reads.append(len(validation[0].row_ranges))
    assert (n_reads[0] == n_reads[1]) == is_kept
