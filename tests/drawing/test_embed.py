"""Figures as text for HTML pages."""

import base64
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure
from matplotlib.image import imread

from minidl import ArgumentError
from minidl.drawing.embed import data_uri, picture
from minidl.drawing.looks import look_of, set_look


def drawn():
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, 1])
    return figure


def content(uri):
    head, _, coded = uri.partition(",")
    return head, base64.b64decode(coded, validate=True)


def test_a_picture_holds_both_looks_and_an_escaped_text():
    elements = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: elements.append((tag, dict(attributes)))
    parser.feed(picture(drawn(), 'a "loss" < 1'))
    (_, _), (source, dark), (image, light) = elements
    assert (source, image) == ("source", "img")
    assert dark["media"] == "(prefers-color-scheme: dark)"
    assert light["alt"] == 'a "loss" < 1'
    for uri, paper in ((dark["srcset"], "#131416"), (light["src"], "#ffffff")):
        head, text = content(uri)
        assert head == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert f"fill: {paper}".encode() in text
        assert not re.search(rb"<dc:date>", text)


def test_a_png_is_sharp_and_the_figure_keeps_its_look():
    figure = set_look(drawn(), "dark")
    head, data = content(data_uri(figure, file_format="png"))
    assert head == "data:image/png;base64"
    pixels = imread(io.BytesIO(data), format="png")
    assert pixels.shape[:2] == (144, 144)
    np.testing.assert_allclose(pixels[0, 0, :3], 1)
    assert look_of(figure) == "dark"


def test_other_formats_and_looks_are_refused():
    with pytest.raises(ArgumentError, match='file_format must be "svg" or "png", got \'gif\''):
        data_uri(drawn(), file_format="gif")
    with pytest.raises(ArgumentError, match="look must be"):
        data_uri(drawn(), "red")
