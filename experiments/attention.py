"""Attention: it learns to turn sequences round and to sort them, and shows where it looks.

Two tasks for sequences of eight of ten letters: to give the sequence from its end to its beginning,
and to sort it by the alphabet. Both are learned from examples alone by a network of `Embedding`,
`PositionalEncoding` and `SelfAttention` with one head; for sorting, a second layer of attention and
fully connected layers are added, around which the input is carried (`Residual`, with `LayerNorm`).
Each is trained a second time without `PositionalEncoding`: attention alone gives the same answer at
every position that holds the same letter, and fails. Expect all letters right in reversed and 0.98
or more of them in sorted sequences, with positions; 0.32 and 0.30 without, where a guess by chance
has 0.10 right, and the most frequent letter of the sequence, at all positions, 0.30.

What the attention draws is the solution of the first task: position i looks at position 9 - i, the
dark diagonal. Sorting has no such picture: in the drawn sequence the first positions look at
letters early in the alphabet and the last ones at late ones, wherever they stand, but how the
layers count them is not to be seen.

It takes a minute, prints a table, and writes results.json, accuracy.png (against epochs),
reverse.png and sort.png (what each position asks, for one sequence of the test set).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from minidl import (
    Adam,
    CategoricalCrossEntropy,
    Embedding,
    History,
    Layer,
    LayerNorm,
    Linear,
    PositionalEncoding,
    ReLU,
    Residual,
    SelfAttention,
    Sequential,
    Softmax,
    plots,
)

from . import study
from .figures import new_figure

LETTERS = "abcdefghij"
LENGTH, FEATURES = 8, 32
N_TEST, TEST_SEED = 500, 12345
COLUMNS = ["network", "parameters", "letters right", "worst seed", "whole sequences", "seconds"]
EXAMPLES = """examples:
  python -m experiments.attention
  python -m experiments.attention --quick --seed 10
"""


class Task(NamedTuple):
    """What is to be learned, by how many blocks of attention, from how many examples."""

    answer: Callable[[np.ndarray], np.ndarray]
    n_blocks: int  # 0: one layer of attention alone
    n_sequences: int
    epochs: int
    learning_rate: float
    n_seeds: int


def reverse(tokens: np.ndarray) -> np.ndarray:
    """Return each sequence from its end to its beginning."""
    return tokens[:, ::-1].copy()


def sort(tokens: np.ndarray) -> np.ndarray:
    """Return each sequence in the order of the alphabet."""
    return np.sort(tokens, axis=1)


FULL = {
    "reverse": Task(reverse, 0, 1000, 20, 0.01, 3),
    "sort": Task(sort, 2, 3000, 20, 0.005, 3),
}
QUICK = {"reverse": Task(reverse, 0, 500, 12, 0.01, 1)}


class Trained(NamedTuple):
    """A trained network: its history, and the shares of letters and sequences that are right."""

    model: Sequential
    history: History
    letters: float
    sequences: float


def network(task: Task, seed: int, *, has_positions: bool) -> Sequential:
    """Return a network for the task."""
    layers: list[Layer] = [Embedding(len(LETTERS), FEATURES)]
    if has_positions:
        layers.append(PositionalEncoding(FEATURES))
    if task.n_blocks == 0:
        layers.append(SelfAttention(FEATURES))
    for _ in range(task.n_blocks):
        layers += [
            Residual(LayerNorm(FEATURES), SelfAttention(FEATURES)),
            Residual(
                LayerNorm(FEATURES),
                Linear(FEATURES, 2 * FEATURES),
                ReLU(),
                Linear(2 * FEATURES, FEATURES),
            ),
        ]
    layers += [Linear(FEATURES, len(LETTERS)), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed)


def attention_layers(model: Sequential) -> dict[str, SelfAttention]:
    """Return the layers of attention by their paths, first to last."""
    return {
        path: part
        for i, layer in enumerate(model.layers)
        for path, part in layer.named_modules(str(i))
        if isinstance(part, SelfAttention)
    }


def draw(m: int, rng: np.random.Generator) -> np.ndarray:
    """Return m sequences of the numbers of letters."""
    return rng.integers(0, len(LETTERS), (m, LENGTH))


def test_set() -> np.ndarray:
    """Return the sequences of the test."""
    return draw(N_TEST, np.random.default_rng(TEST_SEED))


def train(task: Task, seed: int, *, has_positions: bool) -> Trained:
    """Train a network once."""
    model = network(task, seed, has_positions=has_positions)
    data, test = draw(task.n_sequences, np.random.default_rng(seed)), test_set()
    history = model.fit(
        data,
        task.answer(data),
        optimizer=Adam(task.learning_rate),
        epochs=task.epochs,
        batch_size=50,
        validation=(test, task.answer(test)),
        progress=False,
    )
    right = model.predict(test).argmax(axis=-1) == task.answer(test)
    return Trained(model, history, float(right.mean()), float(right.all(axis=1).mean()))


WITH, WITHOUT = "with positions", "without positions"
Runs = dict[str, list[Trained]]


def run(options: argparse.Namespace) -> None:
    """Train each network for each task, report, write."""
    tasks = QUICK if options.quick else FULL
    runs: dict[str, Runs] = {name: {WITH: [], WITHOUT: []} for name in tasks}
    jobs = [
        (name, kind, options.seed + number)
        for name, task in tasks.items()
        for kind in (WITH, WITHOUT)
        for number in range(task.n_seeds)
    ]
    for name, kind, seed in tqdm(
        jobs, unit="network", file=sys.stderr, dynamic_ncols=True, disable=None
    ):
        runs[name][kind].append(train(tasks[name], seed, has_positions=kind == WITH))
    print(study.table([COLUMNS, *table_rows(runs)]))
    content = {
        "settings": study.arguments(options),
        "tasks": {
            name: {
                kind: {
                    "letters": [one.letters for one in trained],
                    "sequences": [one.sequences for one in trained],
                    "accuracy": [one.history["val_accuracy"] for one in trained],
                    "attention": [mean_attention(one.model) for one in trained],
                }
                for kind, trained in kinds.items()
            }
            for name, kinds in runs.items()
        },
        "versions": study.versions(),
    }
    figures: dict[str, Callable[[], Any]] = {"accuracy.png": lambda: accuracy_figure(runs)}
    for name, kinds in runs.items():
        model = kinds[WITH][0].model
        figures[f"{name}.png"] = lambda name=name, model=model: attention_figure(name, model)
    study.write(options.out, content, figures)


def table_rows(runs: Mapping[str, Runs]) -> list[list[Any]]:
    """Return a row for chance, and for each network."""
    chance = 1 / len(LETTERS)
    rows: list[list[Any]] = [["a guess by chance", None, chance, None, chance**LENGTH, None]]
    for name, kinds in runs.items():
        for kind, trained in kinds.items():
            letters = [one.letters for one in trained]
            rows.append(
                [
                    f"{name}, {kind}",
                    f"{trained[0].model.parameters.size:,}",
                    float(np.mean(letters)),
                    min(letters),
                    float(np.mean([one.sequences for one in trained])),
                    float(np.mean([one.history.seconds for one in trained])),
                ]
            )
    return rows


def mean_attention(model: Sequential) -> list[list[float]]:
    """Return the attention of the last layer, the mean over 20 sequences of the test."""
    layer = list(attention_layers(model).values())[-1]
    found = []
    for tokens in test_set()[:20]:
        model.predict(tokens[np.newaxis])  # a model keeps the weights of few sequences only
        found.append(np.array(layer.attention)[0, 0])
    return np.mean(found, axis=0).tolist()


def accuracy_figure(runs: Mapping[str, Runs]) -> Any:
    """Return a figure of the share of right letters against epochs, a line for each seed."""
    figure = new_figure(max(6.5, 5.2 * len(runs)), 4.2, "Letters right in 500 other sequences")
    grid = figure.subplots(1, len(runs), squeeze=False, sharey=True)[0]
    for (name, kinds), axes in zip(runs.items(), grid, strict=True):
        for (kind, trained), colour, style in zip(
            kinds.items(), plots.COLOURS, ("-", "--"), strict=False
        ):
            for i, one in enumerate(trained):
                values = one.history["val_accuracy"]
                label = None if i else kind
                epochs = range(1, len(values) + 1)
                axes.plot(epochs, values, color=colour, linestyle=style, label=label)
        chance = 1 / len(LETTERS)
        axes.axhline(chance, color=plots.GREY, linestyle=":", label="a guess by chance")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="epoch", title=name, ylim=(0, 1.03))
        axes.grid(alpha=0.3)
    grid[0].set_ylabel("share of letters")
    grid[-1].legend(fontsize=9, loc="center right")
    return figure


def attention_figure(name: str, model: Sequential) -> Any:
    """Return a figure of the attention of each layer for the first sequence of the test."""
    tokens = test_set()[:1]
    answer = model.predict(tokens)[0].argmax(axis=-1)
    asked = "".join(LETTERS[number] for number in tokens[0])
    given = "".join(LETTERS[number] for number in answer)
    layers = attention_layers(model)
    figure = new_figure(4.6 * len(layers) + 0.6, 4.6, f"{name}: {asked} becomes {given}")
    grid = figure.subplots(1, len(layers), squeeze=False)[0]
    for i, (path, axes) in enumerate(zip(layers, grid, strict=True), start=1):
        plots.attention(model, tokens[0], path, tokens=asked, axes=axes)
        axes.set_title(f"attention of layer {i}" if len(layers) > 1 else "attention")
        axes.set_xlabel("the letter that is asked")
        axes.set_yticks(range(LENGTH), [f"{i}: {letter}" for i, letter in enumerate(given, 1)])
        axes.set_ylabel("position and its answer")
    return figure


main = study.command(
    "attention",
    __doc__,
    run,
    EXAMPLES,
    seed=0,
    seed_help="the first of the seeds",
    quick_help="one task and one seed",
)

if __name__ == "__main__":
    sys.exit(main())
