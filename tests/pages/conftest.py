"""Fixtures of the tests that look at pages in Chromium: a browser, a page, and axe-core.

`.ci/pages` runs them. They are skipped where Playwright or Chromium is missing.
"""

import shutil

import pytest

collect_ignore = ["play_picture.py"]  # no test

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OFFLINE = [  # Chromium asks for nothing but the pages of the tests
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # without it Chromium does not start as root, as in a container
]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason='needs Playwright: pip install "playwright>=1.50"'
    )
    if CHROMIUM is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser):
    """Return a function that opens an empty page.

    `new_page(size=DESKTOP, scheme="light")`; each page has a context of its own, as if it were that
    of another visitor. A test fails if a page has raised an error in its scripts.
    """
    contexts, errors = [], []

    def open_page(size=DESKTOP, scheme="light"):
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, f"errors in the scripts of the page: {errors}"


@pytest.fixture
def page(new_page):
    """Return an empty page of a desktop, in light colours."""
    return new_page()


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    """Return the colours that a visitor prefers, one after the other."""
    return request.param


@pytest.fixture(params=[DESKTOP, PHONE], ids=["1440", "390"])
def size(request):
    """Return the size of a window, one after the other: that of a desktop, that of a phone."""
    return request.param


@pytest.fixture(scope="session")
def check_accessibility():
    """Return a function that fails with what axe-core finds wrong with the present page.

    `check_accessibility(page)` runs all rules of axe-core: also contrast, in the colours of the
    page's scheme.
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason='needs axe-core: pip install "axe-playwright-python>=0.1.4"',
    ).Axe()

    def check(page):
        violations = axe.run(page).response["violations"]
        problems = [
            f"{violation['id']}: {violation['help']}\n    {node['target']} {node['html'][:200]}\n"
            f"    {' '.join(node['failureSummary'].split())[:300]}"
            for violation in violations
            for node in violation["nodes"]
        ]
        if problems:
            pytest.fail(f"axe-core, {page.url}:\n" + "\n".join(problems), pytrace=False)

    return check


@pytest.fixture(scope="session")
def check_width():
    """Return a function that fails if the present page is wider than its window."""

    def check(page):
        width, window = page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert width <= window, f"{page.url} is {width} px wide in a window of {window} px"

    return check
