"""Fixtures of the tests of `minidl.play`: a set, a playground, a page without a browser."""

import pytest

from minidl.play.playground import Playground
from minidl.play.points import drawn_sets

BATCHES = 8  # an epoch of moons, by the first settings


@pytest.fixture
def moons():
    return drawn_sets()["moons"]()


@pytest.fixture
def playground():
    made = Playground(drawn_sets())
    yield made
    made.close()


@pytest.fixture
def new_page():
    """Return a function that makes the page of a tab, of sets; all trainings are ended."""
    document = pytest.importorskip("bokeh.document")
    from minidl.play.page import Page

    pages = []

    def made(sets=None):
        pages.append(Page(document.Document(), sets or drawn_sets()))
        return pages[-1]

    yield made
    for page in pages:
        page.close()


@pytest.fixture
def train():
    """Return a function that trains exactly as many batches of a session, and ends it."""

    def trained(session, batches):
        for _ in range(batches):
            session.step()
        session.close()
        return session.progress

    return trained
