"""A dataset of images as HTML: how many images of each class there are, and some of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..escaping import shortened
from ..html_pages.markup import Markup, element, joined
from ..html_pages.pictures import titled_image
from ..html_pages.tables import table

if TYPE_CHECKING:
    from .dataset import Dataset, Split

_MAX_PICTURES, _MAX_CLASSES = 12, 50


def render_dataset(dataset: Dataset) -> Markup:
    """Return a dataset as HTML.

    Parameters
    ----------
    dataset : Dataset
        The dataset.

    Returns
    -------
    Markup
        Its source, a table of the classes, and some of its training images, of each class in turn.
    """
    splits = {"training": dataset.train, "test": dataset.test}
    sizes = ", ".join(
        f"{len(split)} {name} images of {' x '.join(map(str, split.images.shape[1:]))}"
        for name, split in splits.items()
    )
    rows = [
        (shortened(name), *(_share(split, k) for split in splits.values()))
        for k, name in enumerate(dataset.classes[:_MAX_CLASSES])
    ]
    left_out = len(dataset.classes) - len(rows)
    pictures = [_figure(dataset.train, i) for i in _of_each_class(dataset.train)]
    return joined(
        element("p", f"{sizes}. Source: {dataset.source}."),
        table(["class", *splits], rows, caption="Images of each class", numbers=[*splits]),
        *[element("p", f"... and {left_out} more classes.")] * (left_out > 0),
        element("div", *pictures, class_="pictures"),
    )


def _share(split: Split, k: int) -> str:
    count = split.class_counts[k]
    return f"{count} ({count / len(split):.1%})"


def _of_each_class(split: Split) -> Iterator[int]:
    """Yield the numbers of some images: the first of each class, then the second of each, ..."""
    n_classes = len(split.classes)
    of_class = [np.flatnonzero(split.labels == k) for k in range(min(n_classes, _MAX_PICTURES))]
    for turn in range(-(-_MAX_PICTURES // n_classes)):
        yield from (int(numbers[turn]) for numbers in of_class if turn < len(numbers))


def _figure(split: Split, i: int) -> Markup:
    return titled_image(split.images[i], shortened(split.classes[split.labels[i]]))
