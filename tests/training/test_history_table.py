"""Some epochs of a history."""

from minidl import History
from minidl.training.history_table import history_table


def test_first_best_last_and_some_between():
    made = History()
    for epoch in range(100):
        made.add({"loss": abs(epoch - 41.0), "learning_rate": 1e-3})
    header, *rows = history_table(made)
    assert header == ("epoch", "loss", "learning_rate")
    epochs = [int(row[0]) for row in rows]
    assert epochs == [1, 12, 24, 36, 42, 48, 60, 72, 84, 96, 100]
    assert rows[4] == ("42", "0.0000", "1.00e-03")
