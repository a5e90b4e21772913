"""A dataset in a notebook."""

import numpy as np

from minidl.data import Dataset, Split


def dataset(labels, classes, shape=(6, 5, 3)):
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] * np.ones(shape, np.uint8)
    train = Split(images, np.array(labels), classes)
    return Dataset(train, Split(images[:1], np.array(labels[:1]), classes), "a <file>")


def test_the_classes_are_counted_and_some_images_of_each_shown():
    html = dataset([0, 0, 0, 1], ("dog & co", "cat"))._repr_html_()
    assert "4 training images of 6 x 5 x 3, 1 test images of 6 x 5 x 3" in html
    assert "Source: a &lt;file&gt;." in html
    assert '<th scope="row">dog &amp; co</th><td class="number">3 (75.0%)</td>' in html
    assert '<td class="number">1 (100.0%)</td></tr>' in html
    assert html.count("<img") == 4
    captions = [part.split("<")[0] for part in html.split("<figcaption><div>")[1:]]
    assert captions == ["dog &amp; co", "cat", "dog &amp; co", "dog &amp; co"]


def test_many_images_and_classes_have_an_end():
    classes = tuple(f"class {k}" for k in range(60))
    html = dataset([k % 60 for k in range(240)], classes)._repr_html_()
    assert html.count("<img") == 12
    assert "... and 10 more classes." in html
    assert len(html) < 30_000
    assert dataset([0, 1] * 20, ("a", "b"))._repr_html_().count("<img") == 12
