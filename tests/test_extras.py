"""The extras of setup.cfg: errors name what exists, and no line installs another minidl."""

import configparser
import json
import re
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from packaging.requirements import Requirement

import minidl

ROOT = Path(__file__).resolve().parents[1]
CONFIG = configparser.ConfigParser(interpolation=None)
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")
# What `all` leaves out: frameworks that only adapters need, engines of others, tools of developers.
NOT_IN_ALL = {
    *("autograd", "jax", "pytensor", "torch"),
    *("peers", "scale"),
    *("dev", "docs", "mutation", "pages", "test"),
}


def lines(text):
    """Return the requirements in a value of setup.cfg."""
    return [line for line in text.split("\n") if line and not line.startswith("#")]


EXTRAS = {name: lines(text) for name, text in CONFIG["options.extras_require"].items()}


CODE = [
    path
    for folder in (Path(minidl.__file__).parent, ROOT / "experiments")
    for path in folder.rglob("*.py")
]


def named_in_errors():
    """Yield each package and its extra that the code asks for, with the place."""
    call = re.compile(r"""\b(?:require_extra|install_line)\(\s*["'](.+?)["'],\s*["'](.+?)["']""")
    for path in CODE:
        for match in call.finditer(path.read_text(encoding="utf-8")):
            if ">>>" not in match.string[: match.start()].rpartition("\n")[2]:
                yield match[1], match[2], path.name


NAMED = sorted(set(named_in_errors()))


@pytest.mark.parametrize(("package", "extra", "place"), NAMED)
def test_an_error_names_an_extra_that_exists_and_a_package_that_it_installs(package, extra, place):
    assert package in {Requirement(line).name for line in EXTRAS[extra]}


def test_the_calls_are_found():
    assert len(NAMED) > 15


def test_all_has_every_extra_but_those_for_developers_and_of_other_frameworks():
    (line,) = EXTRAS["all"]
    assert Requirement(line).extras == EXTRAS.keys() - NOT_IN_ALL - {"all"}


def installed_elsewhere():
    """Return whether the installed minidl is another checkout: PYTHONPATH chooses this one."""
    try:
        text = metadata.distribution("minidl").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return True
    path = Path(unquote(urlparse(json.loads(text)["url"]).path)) if text else ROOT
    return path.suffix != ".whl" and path.resolve() != ROOT


def in_metadata(line, extra):
    """Return how the metadata write a requirement of setup.cfg."""
    requirement, _, marker = line.partition(";")
    markers = [marker.strip()] * bool(marker) + [f'extra == "{extra}"'] * bool(extra)
    return str(Requirement("; ".join([requirement, " and ".join(markers)][: 1 + bool(markers)])))


@pytest.mark.skipif(installed_elsewhere(), reason="the installed minidl is another checkout")
def test_the_installed_metadata_are_those_of_setup_cfg():
    all_lines = {"": lines(CONFIG["options"]["install_requires"]), **EXTRAS}
    expected = {in_metadata(line, extra) for extra in all_lines for line in all_lines[extra]}
    assert {str(Requirement(line)) for line in metadata.requires("minidl")} == expected, (
        "setup.cfg has changed since minidl was installed: pip install -e . again"
    )
    assert metadata.version("minidl") == minidl.__version__


PROSE = [
    *ROOT.glob("*.md"),
    *(path for name in ("docs", "datasets", "experiments") for path in (ROOT / name).rglob("*.md")),
    *(ROOT / "experiments").rglob("*.ipynb"),
    *(path for path in (ROOT / ".ci").iterdir()),
]


def test_every_extra_that_is_named_anywhere_exists():
    in_words = re.compile(r"\bextras? [`\"]+(\w+)[`\"]")
    in_brackets = re.compile(r"(?:\.|CHECKOUT|minidl)\[([a-z,]+)\]\\*[\"']")
    named = {}
    for path in (*PROSE, *CODE):
        text = path.read_text(encoding="utf-8")
        for extra in [*in_words.findall(text), *",".join(in_brackets.findall(text)).split(",")]:
            named.setdefault(extra, path)
    unknown = {extra: path for extra, path in named.items() if extra and extra not in EXTRAS}
    assert len(named) > 15
    assert not unknown


def test_no_line_installs_a_minidl_from_the_public_index():
    install = re.compile(r"pip install (?:-\S+ +)*[\"'\\]*minidl\b")
    for path in (*PROSE, *CODE):
        assert not install.search(path.read_text(encoding="utf-8")), path
