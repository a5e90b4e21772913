"""The page of a training: what it has reached, how it went, and with which settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import History, Sequential
from ..escaping import MAX_LINE, shortened
from ..html_pages.figures import Picture, drawn
from ..html_pages.markup import Markup, element, text
from ..html_pages.page import save_page
from ..html_pages.pictures import titled_image
from ..html_pages.tables import facts, folded, scrolling, table
from ..html_pages.verdicts import verdict_box
from ..model.diagram import diagram
from ..training.history_html import render_history
from .dataset_options import LoadedDataset
from .output_folder import SETTINGS
from .scores import MAX_CONFUSION_CLASSES, MAX_FIXED
from .settings_file import settings_text
from .settings_shown import setting_texts
from .train_figures import unknown_letters_ignored

_MAX_MISTAKES = 24
_PICTURES = {
    "boundary.png": "The class that the network predicts at each point, and the test examples",
}
"""The figures of `train_figures` that the page has, with what they show; filters and feature maps
are beside it, since with them the page of a long training would exceed a megabyte."""
_VALIDATION = "The columns val_... are measured on the test set after each epoch."


def save_train_report(
    path: Path,
    options: argparse.Namespace,
    results: Mapping[str, Any],
    model: Sequential,
    history: History,
    dataset: LoadedDataset,
    figures: Mapping[str, Callable[[], Any]],
) -> Path:
    """Write the page of a training.

    Parameters
    ----------
    path : Path
        The file.
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    results : dict
        The content of results.json.
    model : Sequential
        The trained network.
    history : History
        That of the training.
    dataset : LoadedDataset
        The dataset.
    figures : dict of str to callable
        Those of `train_figures` that can be drawn.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    name = shortened(Path(dataset.name).name)
    title = f"{name}: training of {shortened(results['network'], MAX_LINE)}"
    pictures = [Picture(figures[key], alt) for key, alt in _PICTURES.items() if key in figures]
    with unknown_letters_ignored():
        figure = drawn(pictures)
        training = render_history(history, held_out="test")
    content = [
        outcome(results, len(dataset.test[0])),
        element("h2", "Scores"),
        _score_table(results),
        *_confusion(results),
        element("div", figure, class_="figures"),
        *_mistakes(model, dataset),
        element("h2", "Training"),
        element("p", _VALIDATION, class_="muted"),
        training,
        element("h2", "Data"),
        element("p", dataset.source),
        facts(_data(dataset)),
        element("h2", "Network"),
        diagram(model.objective_function, dataset.train[0].shape[1:]),
        element("h2", "Settings"),
        facts(setting_texts(options)),
        *_repetition(options, dataset),
    ]
    return save_page(path, "--out", title, *content)


def outcome(results: Mapping[str, Any], n_test: int) -> Markup:
    """Return what a training has reached, and what is to be said against it.

    Parameters
    ----------
    results : dict
        The content of results.json.
    n_test : int
        The number of test examples.

    Returns
    -------
    Markup
        Sentences in a box.
    """
    test, majority = results["test"]["accuracy"], results["majority"]["test"]
    sentences = [
        f"The network classifies {test:.1%} of the {n_test:,} test examples correctly, and "
        f"{results['train']['accuracy']:.1%} of those that it was trained on. Always choosing the "
        f"most frequent class would be right for {majority:.1%} of the test examples.",
        *results["remarks"],
    ]
    if results["interrupted"]:
        sentences.append(
            f"The training was interrupted after {results['epochs']:,} epochs; this is the network "
            f"of the best one, {results['epoch']:,}."
        )
    verdict = "unresolved" if len(sentences) > 1 else "ok"
    paragraphs = (element("p", sentence) for sentence in sentences)
    return verdict_box(verdict, f"Test accuracy {test:.3f}", *paragraphs)


def _score_table(results: Mapping[str, Any]) -> Markup:
    train, test, majority = (results[key] for key in ("train", "test", "majority"))
    rows = [(name, _number(train[name]), _number(test[name])) for name in train]
    of_majority = ("most frequent class", _number(majority["train"]), _number(majority["test"]))
    columns = ("training", "test")
    return table(
        ("measured", *columns), [*rows, of_majority], caption="Loss and metrics", numbers=columns
    )


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < MAX_FIXED else f"{value:.3e}"


def _confusion(results: Mapping[str, Any]) -> Iterator[Markup]:
    """Yield the confusion matrix, the darker the larger a part of the true class a cell is."""
    names = [*map(shortened, results["classes"])]
    if len(names) > MAX_CONFUSION_CLASSES:
        return
    rows = [
        (name, *(_cell(count, sum(counts)) for count in counts))
        for name, counts in zip(names, results["confusion"], strict=True)
    ]
    caption = "Confusion of the test examples (rows: true classes)"
    yield table(["true class", *names], rows, caption=caption, numbers=names)


def _cell(count: int, total: int) -> Markup:
    share = 100 * count // max(total, 1)
    return element("span", str(count), class_="share", style=f"--share: {share}%")


def _mistakes(model: Sequential, dataset: LoadedDataset) -> Iterator[Markup]:
    """Yield the test images that are misclassified, the most confident mistakes first."""
    if dataset.test_images is None:
        return
    X, Y = dataset.test
    predicted, labels = model.predict_classes(X), Y.ravel().astype(int)
    probability = model.predict(X).max(axis=1)
    if dataset.n_outputs == 1:
        probability = np.maximum(probability, 1 - probability)
    wrong = np.flatnonzero(predicted != labels)
    wrong = wrong[np.argsort(-probability[wrong], kind="stable")]
    title = f"{len(wrong):,} of {len(labels):,} test images are misclassified"
    figures = (
        titled_image(
            dataset.test_images[i],
            f"true: {shortened(dataset.classes[labels[i]])}",
            f"predicted: {shortened(dataset.classes[predicted[i]])} "
            f"({min(probability[i], 0.99):.0%})",
        )
        for i in wrong[:_MAX_MISTAKES]
    )
    if len(wrong):
        more = f"; {_MAX_MISTAKES} are shown" if len(wrong) > _MAX_MISTAKES else ""
        yield element("h2", f"{title}, the most confident mistakes first{more}")
        yield element("div", *figures, class_="pictures")


def _data(dataset: LoadedDataset) -> dict[str, str]:
    n_train, n_test = len(dataset.train[0]), len(dataset.test[0])
    return {
        "examples": f"{n_train:,} for training, {n_test:,} for the test",
        "features": " x ".join(map(str, dataset.example_shape)),
        **({"columns": ", ".join(map(shortened, dataset.columns))} if dataset.columns else {}),
        "classes": ", ".join(map(shortened, dataset.classes)),
    }


def _repetition(options: argparse.Namespace, dataset: LoadedDataset) -> Iterator[Markup]:
    """Yield how to train again, with the file that it takes."""
    command = element("code", f"minidl train --config {SETTINGS}")
    yield element("p", command, " repeats the training. The file is beside this page, and here:")
    lines = settings_text(options, dataset.source).splitlines()
    content = element("pre", Markup("\n".join(map(text, lines))))
    yield folded(SETTINGS, scrolling(content, f"The content of {SETTINGS}"))
