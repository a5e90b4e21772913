"""A character model: it learns a text letter by letter, and writes lines of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minidl import (
    LSTM,
    Adam,
    CategoricalCrossEntropy,
    EarlyStopping,
    Embedding,
    History,
    Linear,
    Sequential,
    Softmax,
    plots,
)
from minidl.data import length_mask, pad_sequences
from minidl.errors import DataError, MissingDataError
from minidl.escaping import escaped

from . import study
from .figures import new_figure

NAMES = Path(__file__).parent / "texts" / "names.txt"
MIN_LINES, MAX_LINES, MAX_LENGTH = 20, 3000, 80
HELD_OUT = 0.1
SHOWN_LINES = 20
SMOOTHING = 0.1  # added to each count, so that no pair of letters is impossible
END = 0  # the number of the end of a line, from which the next one begins

Padded = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs, targets, weights, each (m, t)


class Text(NamedTuple):
    """The lines of a text, and its letters in the order of their numbers from 1."""

    lines: list[str]
    letters: str

    @property
    def n_tokens(self) -> int:
        """The number of letters, and 1 for the end of a line."""
        return len(self.letters) + 1

    def encode(self, lines: Sequence[str]) -> Padded:
        """Return lines as padded numbers: at each step, the letter before it and the letter."""
        numbers = {letter: number for number, letter in enumerate(self.letters, start=1)}
        coded = [[numbers[letter] for letter in line] for line in lines]
        X, lengths = pad_sequences([[END, *line] for line in coded])
        Y, _ = pad_sequences([[*line, END] for line in coded])
        return X, Y, length_mask(lengths, X.shape[1])

    def decode(self, numbers: Sequence[int]) -> str:
        """Return the line of these numbers."""
        return "".join(self.letters[number - 1] for number in numbers)


def read_text(path: Path) -> Text:
    """Return the first lines of a UTF-8 file, without blank ones, each cut to `MAX_LENGTH`."""
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            while len(lines) < MAX_LINES and (line := file.readline(1_000_000)):
                if line.strip():
                    lines.append(line.strip()[:MAX_LENGTH].strip())
    except FileNotFoundError:
        raise MissingDataError(f"--text must be a text file, got {path}: no such file") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"--text must be UTF-8, got {path} ({error}): convert it, as with iconv -t utf-8"
        ) from None
    if len(lines) < MIN_LINES:
        raise DataError(
            f"--text must have {MIN_LINES} lines or more that are not blank, to learn from, "
            f"got {len(lines)} in {path}"
        )
    return Text(lines, "".join(sorted(set("".join(lines)))))


def split(text: Text, seed: int) -> tuple[list[str], list[str]]:
    """Return the lines for training and those held out, at random."""
    order = np.random.default_rng(seed).permutation(len(text.lines))
    shuffled = [text.lines[i] for i in order]
    n_held_out = max(1, round(HELD_OUT * len(shuffled)))
    return shuffled[n_held_out:], shuffled[:n_held_out]


def train(
    text: Text, data: Padded, held_out: Padded, epochs: int, units: int, seed: int
) -> tuple[Sequential, History]:
    """Train the model; its weights are those of the epoch that was best on the held-out lines."""
    layers = [
        Embedding(text.n_tokens, 16),
        LSTM(16, units),
        Linear(units, text.n_tokens),
        Softmax(),
    ]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)
    X, Y, weights = data
    history = model.fit(
        X,
        Y,
        sample_weight=weights,
        validation=held_out,
        optimizer=Adam(0.005, clip_norm=1.0),
        epochs=epochs,
        batch_size=32,
        callbacks=[EarlyStopping(patience=max(1, epochs // 4))],
        progress=False,
    )
    return model, history


def baselines(n_tokens: int, data: Padded, held_out: Padded) -> dict[str, float]:
    """Return the cross-entropy of simple guesses on the held-out lines, in nats per letter."""
    (X, Y, weights), (X_out, Y_out, weights_out) = data, held_out
    pairs = np.full((n_tokens, n_tokens), SMOOTHING)
    np.add.at(pairs, (X, Y), weights)
    alone = pairs.sum(axis=0)
    log_alone = np.log(alone / alone.sum())
    log_pairs = np.log(pairs / pairs.sum(axis=1, keepdims=True))

    def cross_entropy(log_probabilities: np.ndarray) -> float:
        return float(-np.average(log_probabilities, weights=weights_out))

    return {
        "every letter alike": float(np.log(n_tokens)),
        "how frequent a letter is": cross_entropy(log_alone[Y_out]),
        "which letter follows which": cross_entropy(log_pairs[X_out, Y_out]),
    }


def write_lines(model: Sequential, text: Text, count: int, seed: int) -> list[str]:
    """Return lines that the model writes, each letter drawn with its probability."""
    rng = np.random.default_rng(seed)
    tokens = np.full((count, 1), END)
    for _ in range(MAX_LENGTH):
        cumulated = model.predict(tokens)[:, -1].astype(np.float64).cumsum(axis=1)
        drawn = rng.random((count, 1)) * cumulated[:, -1:]
        following = (cumulated <= drawn).sum(axis=1)
        tokens = np.column_stack([tokens, following])
        if (tokens[:, 1:] == END).any(axis=1).all():
            break
    rows = [row[1:].tolist() for row in tokens]
    return [text.decode(row[: row.index(END)] if END in row else row) for row in rows]


def learn(text: Text, name: str, seed: int, *, quick: bool) -> tuple[dict[str, Any], History]:
    """Train the character model, print what it knows and writes."""
    epochs, units = (8, 32) if quick else (40, 64)
    lines, others = split(text, seed)
    data, held_out = text.encode(lines), text.encode(others)
    model, history = train(text, data, held_out, epochs, units, seed)
    guesses = baselines(text.n_tokens, data, held_out)
    entropy = min(history["val_loss"])
    print(
        f"characters of {escaped(name)}: {len(lines):,} lines to learn, "
        f"{len(others)} held out, {len(text.letters)} different letters, LSTM of {units} units"
    )
    rows = [["guess", "nats per letter"], *guesses.items(), [f"LSTM of {units} units", entropy]]
    print(study.table([list(row) for row in rows]))
    written = write_lines(model, text, SHOWN_LINES, seed)
    n_new = len([line for line in written if line and line not in text.lines])
    print(f"it writes {len(written)} lines, of which {n_new} are not in the file:")
    print("\n".join(f"  {escaped(line)}" for line in written))
    found = {"baselines": guesses, "cross_entropy": entropy, "written": written, "new": n_new}
    return found, history


def figure(history: History, guesses: Mapping[str, float]) -> Any:
    """Return a figure of the cross-entropy per letter against epochs, beside simple guesses."""
    drawn = new_figure(7.5, 4.2, "Letter by letter: cross-entropy of the next letter")
    axes = drawn.subplots()
    epochs = range(1, history.epochs + 1)
    axes.plot(epochs, history.loss, color=plots.COLOURS[0], label="LSTM, lines it learns")
    held_out = history["val_loss"]
    axes.plot(epochs, held_out, "--", color=plots.COLOURS[1], label="LSTM, lines held out")
    for name, value in guesses.items():
        axes.axhline(value, color=plots.GREY, linestyle=":", linewidth=1.2)
        axes.annotate(name, (history.epochs, value), ha="right", va="bottom", fontsize=9)
    room = 0.7 * min(*history.loss, *held_out, *guesses.values())  # below, for the legend
    top = 1.08 * max(*history.loss, *held_out, *guesses.values())
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel="nats per letter", ylim=(room, top))
    axes.legend(fontsize=9, loc="lower left")
    axes.grid(alpha=0.3)
    return drawn
