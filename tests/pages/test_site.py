"""The site: it builds, needs no network, and can be read by everybody, on any screen."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
FETCHED = re.compile(  # by the page itself, not by a click
    r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(https?:)?//|@import"
    r"|url\([\"']?(?:https?:)?//"
)
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LARGEST = 1_000_000  # bytes of a page with its pictures
CUT = "[...document.querySelectorAll('pre')].filter(each => each.scrollWidth > each.clientWidth + 1)"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; warnings are errors."""
    pytest.importorskip("sphinx", reason="needs Sphinx: pip install minidl[docs]")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder / "html")],
        capture_output=True,
        text=True,
        cwd=DOCS.parent,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    print(f"built in {time.perf_counter() - start:.0f} s")
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    """Return the pages of the site, but for the listings of the source, which are all alike."""
    listings = sorted((site / "_modules").rglob("*.html"))
    pages = [page for page in sorted(site.rglob("*.html")) if page not in listings]
    return [*pages, *listings[:3]]


def test_no_page_fetches_anything_from_the_network(site):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert (site / "index.html") in files
    for path in files:
        assert not FETCHED.search(path.read_text(encoding="utf-8")), path.name


def test_no_page_is_large(site):
    for page in site.rglob("*.html"):
        pictures = set(re.findall(r'<img [^>]*src="(?!data:)([^"]+)"', page.read_text("utf-8")))
        size = sum((page.parent / path).stat().st_size for path in {page.name, *pictures})
        assert size < LARGEST, page.relative_to(site)


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"]
)
def test_every_page_is_accessible(pages, new_page, check_accessibility, check_width, size, scheme):
    page = new_page(size, scheme)
    problems = []
    for path in pages:
        page.goto(path.as_uri())
        try:
            check_width(page)
            check_accessibility(page)
        except (AssertionError, pytest.fail.Exception) as problem:
            problems.append(str(problem))
    assert not problems, "\n\n".join(problems)


def test_no_line_of_code_is_cut_on_a_desktop(pages, page):
    cut = []
    for path in pages:
        page.goto(path.as_uri())
        cut += [f"{path.name}: {line}" for line in page.evaluate(f"{CUT}.map(e => e.innerText)")]
    assert not cut, "lines of at most 88 columns are shown as a whole:\n\n" + "\n\n".join(cut)


def test_every_picture_is_described(pages):
    for path in pages:
        for image in re.findall(r"<img [^>]*>", path.read_text(encoding="utf-8")):
            (alt,) = re.findall(r'alt="([^"]*)"', image)
            is_decoration = "_thumb" in image  # the link beside it says the same
            assert is_decoration or (alt and "/" not in alt), f"{path.name}: describe {image}"


def test_the_first_page_shows_its_three_pictures_in_both_looks(site, new_page, scheme):
    page = new_page(DESKTOP, scheme)
    page.goto((site / "index.html").as_uri())
    shown = page.locator(".first-page img:visible")
    names = [image.get_attribute("src").rpartition("/")[2] for image in shown.all()]
    assert [name.rpartition("-")[0] for name in names] == [
        *("boundary-1", "boundary-99", "loss", "report")
    ]
    assert all(scheme in name for name in names)
    assert all(page.evaluate("[...document.images].map(i => i.naturalWidth > 0 || !i.offsetWidth)"))


def test_the_pictures_of_readme_are_those_that_its_code_draws_now(site, tmp_path):
    compare = pytest.importorskip("matplotlib.testing.compare")
    for path in sorted((DOCS / "pictures").iterdir()):
        drawn = site / "_static" / "pictures" / path.name
        if path.suffix == ".svg":
            assert drawn.read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
        else:  # within what versions of matplotlib and processors change
            copy = shutil.copy(drawn, tmp_path)
            assert compare.compare_images(str(path), str(copy), tol=20) is None


def test_the_code_of_the_first_page_can_be_copied_and_wide_code_is_reached_by_keyboard(
    site, new_page
):
    page = new_page(PHONE)
    page.goto((site / "index.html").as_uri())
    wide = page.locator(".first-page pre").first
    assert wide.get_attribute("tabindex") == "0"
    assert page.locator(".first-page button.copybtn").count() == 3


def test_the_search_page_is_that_of_the_whole_site(site):
    assert "searchbox" in (site / "search.html").read_text(encoding="utf-8")
    assert (site / "searches.html").exists()
