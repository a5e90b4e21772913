"""The pages of `minidl train --out`, `minidl check --html` and of notebooks, in Chromium."""

import re

import numpy as np
import pytest

from minidl import (
    L2,
    BatchNorm,
    BinaryCrossEntropy,
    Concat,
    GradientChecker,
    History,
    Linear,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.cli import main
from minidl.data import load_cats, write_cats


class WrongColumn(Linear):
    """A Linear whose gradient is zero in column 1."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad[:, 1] = 0
        return dx


def network(first=Linear):
    layers = [first(4, 6), Residual(Linear(6, 6), Tanh()), BatchNorm(6)]
    layers += [Concat(Linear(6, 2), [Linear(6, 3), Tanh()]), Linear(5, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1)])


def checked(model):
    X = np.random.default_rng(0).standard_normal((6, 4))
    return GradientChecker(model).check(X, [0, 1, 1, 0, 1, 0])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the pages by name."""
    folder = tmp_path_factory.mktemp("reports")
    write_cats(folder / "data")
    pages = {"passed": folder / "passed.html", "failed": folder / "failed.html"}
    checked(network()).save(pages["passed"])
    checked(network(WrongColumn)).save(pages["failed"], about={"layer": "<WrongColumn>"})
    for words in ("moons --epochs 50", f"cats --epochs 2 --data {folder / 'data'}"):
        name = words.split()[0]
        assert main(["train", *words.split(), "--out", str(folder / name)]) == 0
        pages[name] = folder / name / "report.html"
    history = History()
    for loss in (0.5, 0.4, 0.3):
        history.add({"loss": loss, "val_loss": loss + 0.1})
    pages["history"] = history.save_html(folder / "history.html")
    shown = [network(), history, load_cats(folder / "data"), checked(network(WrongColumn))]
    content = "".join(part._repr_html_() for part in shown)
    pages["notebook"] = folder / "notebook.html"
    head = '<html lang="en"><head><meta charset="utf-8"><title>Notebook</title></head>'
    body = f"<body><main><h1>Notebook</h1>{content}</main></body>"
    pages["notebook"].write_text(f"<!DOCTYPE html>{head}{body}</html>", "utf-8")
    return pages


NAMES = ("passed", "failed", "moons", "cats", "history", "notebook")


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_read_it_on_any_screen(
    files, new_page, size, scheme, check_accessibility, check_width, name
):
    page = new_page(size, scheme)
    page.goto(files[name].as_uri())
    check_width(page)
    check_accessibility(page)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    check_width(page)
    check_accessibility(page)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_one_file_below_a_megabyte_that_asks_for_nothing(files, page, name):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(files[name].as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [files[name].as_uri()]
    assert files[name].stat().st_size < 1_000_000


@pytest.mark.parametrize("name", ["moons", "notebook"])
def test_of_each_figure_the_one_in_the_colours_of_the_page_is_seen(files, new_page, scheme, name):
    page = new_page(scheme=scheme)
    page.goto(files[name].as_uri())
    other = {"light": "dark", "dark": "light"}[scheme]
    figures = page.locator(f".for-{scheme}")
    assert figures.count() > 0
    assert all(figures.nth(i).is_visible() for i in range(figures.count()))
    assert not any(
        page.locator(f".for-{other}").nth(i).is_visible() for i in range(figures.count())
    )


@pytest.mark.parametrize("host", ["light", "dark"])
def test_a_notebook_has_the_colours_of_its_host_whatever_the_system_has(files, new_page, host):
    page = new_page(scheme={"light": "dark", "dark": "light"}[host])
    page.goto(files["notebook"].as_uri())
    is_light = "true" if host == "light" else "false"
    page.evaluate(f"document.body.setAttribute('data-jp-theme-light', '{is_light}')")
    ground = page.locator(".minidl").first.evaluate(
        "part => getComputedStyle(part).backgroundColor"
    )
    is_bright = sum(map(int, re.findall(r"\d+", ground))) > 3 * 128
    assert is_bright == (host == "light")
    assert page.locator(f".for-{host}").first.is_visible()


def test_what_passed_opens_by_the_keyboard(files, page):
    page.goto(files["failed"].as_uri())
    folded = page.locator("details table")
    assert not folded.is_visible()
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert folded.is_visible()
