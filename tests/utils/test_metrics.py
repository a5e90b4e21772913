import pytest

from minidl.utils.metrics import higher_is_better


@pytest.mark.parametrize(
    ("name", "larger"),
    [("accuracy", True), ("val_accuracy", True), ("loss", False), ("val_loss", False)],
)
def test_accuracies_are_better_if_higher(name, larger):
    assert higher_is_better(name) is larger
