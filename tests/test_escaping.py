"""Names without control characters, wherever minidl shows them."""

import ast
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import minidl
from minidl import (
    Adam,
    Callback,
    CSVLog,
    DataError,
    EnvironmentWarning,
    History,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
    check_gradients,
    errors,
)
from minidl.adapters import grade
from minidl.data import Dataset, Split
from minidl.escaping import escaped, escaped_lines, shortened
from minidl.gradcheck.report.report import GradientError
from minidl.utils.user_warnings import warn_user

HOSTILE = "a\x1b]0;X\x07b\x9b31m\u202ec\r\nd"
SHOWN = r"a\x1b]0;X\x07b\x9b31m\u202ec\r\nd"


def test_all_control_characters_are_escaped_as_repr_does_and_nothing_else():
    """Every character that is a control, a direction, a line break or no character at all."""
    for code in (*range(0x3100), *range(0xD800, 0xD810), *range(0xE0000, 0xE0100), 0x1F600):
        character = chr(code)
        shown = escaped(character)
        if unicodedata.category(character)[0] in "LMNPS" or character == " ":
            assert shown == character
        else:
            assert shown.isascii()
            assert shown.isprintable()


def test_an_escaped_text_stays_as_it_is():
    assert escaped(HOSTILE) == SHOWN == escaped(SHOWN)
    assert escaped_lines(f"{HOSTILE}\n\x00") == "a\\x1b]0;X\\x07b\\x9b31m\\u202ec\\r\nd\n\\x00"


def test_a_name_that_is_no_text_can_be_encoded():
    assert escaped(b"\xff.csv".decode("utf-8", "surrogateescape")) == r"\udcff.csv"


def test_a_shortened_name_is_escaped_first():
    assert shortened("a" * 24) == "a" * 24
    assert shortened("a" * 25) == "a" * 23 + "…"
    assert shortened("\x1b" * 100_000, 9) == r"\x1b\x1b"[:8] + "…"


class Named(Layer):
    """A layer with a name from outside."""

    def __init__(self):
        self.parts = {HOSTILE: Linear(2, 2)}

    def forward(self, x, *, training=False):
        return self.parts[HOSTILE].forward(x, training=training)

    def backward(self, dy):
        return 2 * self.parts[HOSTILE].backward(dy)

    def output_shape(self, shape):
        return shape

    def __repr__(self):
        return f"Named({HOSTILE})"


MODEL = Sequential([Named()], loss=MeanSquaredError())
PRINTING = ("print", "sys.stdout.write", "sys.stderr.write", "warnings.warn")
SET = np.eye(2), np.eye(2)


def wrong_gradient():
    return check_gradients(lambda p: (p[HOSTILE] ** 2).sum(), lambda p: p, {HOSTILE: np.ones(2)})


def history():
    made = History()
    made.add({"loss": 1.0, HOSTILE: 2.0})
    return made


def dataset():
    split = Split(np.zeros((2, 8, 8, 3), np.uint8), np.array([0, 1]), classes=(HOSTILE, "b"))
    return Dataset(split, split, HOSTILE)


def raised(kind):
    try:
        wrong_gradient().raise_if_failed()
    except kind as error:
        return error


TEXTS = {
    "an error": lambda: DataError(f"{HOSTILE}: must be readable"),
    "a report": lambda: wrong_gradient(),
    "a report in a notebook": lambda: wrong_gradient()._repr_html_(),
    "the error of a report": lambda: raised(GradientError),
    "a summary": lambda: MODEL.summary(),
    "the repr of parameters": lambda: repr(MODEL.parameters),
    "a history": lambda: history(),
    "the repr of a history": lambda: repr(history()),
    "a dataset": lambda: dataset(),
    "grades": lambda: grade({HOSTILE: lambda X, Y, cache: cache}, 1, 1, {}, forward=print),
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_name_is_escaped_where_it_is_shown(text):
    shown = str(TEXTS[text]())
    assert SHOWN in shown
    assert all(line.isprintable() for line in shown.split("\n"))


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_escapes_names(name):
    kind = getattr(errors, name)
    if issubclass(kind, errors.MinidlError):
        error = kind(HOSTILE, "cure") if kind is errors.ResumeError else kind(HOSTILE)
        assert str(error).startswith(SHOWN)


def test_only_these_places_print():
    """A new `print` could show a name as it is: `show` and `complain` of the command do not."""
    root = Path(minidl.__file__).parent
    calls = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in PRINTING
    }
    assert calls == {
        "cli/streams.py",
        "utils/user_warnings.py",
        "cli/__init__.py",  # a traceback
        "cli/common.py",  # a report in colours
        "cli/completion.py",  # a script for a shell, which names nothing from outside
        "model/sequential.py",  # explain
    }


def test_explain_escapes_names(capsys):
    MODEL.explain(*SET)
    shown = capsys.readouterr().out
    assert SHOWN in shown
    assert all(line.isprintable() for line in shown.split("\n"))


def test_a_warning_escapes_names():
    with pytest.warns(EnvironmentWarning) as caught:
        warn_user(f"{HOSTILE} differs", EnvironmentWarning)
    assert str(caught[0].message) == f"{SHOWN} differs"


def test_the_log_escapes_the_names_of_metrics(tmp_path):
    class Measures(Callback):
        extra_metrics = (HOSTILE,)

        def on_epoch_end(self, run):
            run.history.columns.setdefault(HOSTILE, []).append(1.0)

    model = Sequential([Linear(2, 2)], loss=MeanSquaredError())
    log = CSVLog(tmp_path / "log.csv")
    model.fit(*SET, optimizer=Adam(), epochs=1, callbacks=[Measures(), log], progress=False)
    assert log.path.read_text().splitlines()[0].endswith(SHOWN)
