"""The picture sets of the course: found in a folder, or fetched from a place that the user names, or stood in for."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import numpy as np

from ..arrays import Array
from ..errors import ArgumentError, DataError, MissingDataError, MissingExtraError
from ..files import FilePath, make_folder, read_whole, write_whole
from .dataset import Dataset, Part, split_rows
from .hdf5 import Field, Limits, Schema, check_signature, read_hdf5
from .standin import draw_cats, draw_signs

FOLDER_VARIABLE = "MINIDL_DATA"
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class KnownSet:
    """A picture set of the course; SHA-256 and sizes are those of the files that are needed."""

    name: str
    train: str
    test: str
    sha256: dict[str, str]
    bytes: dict[str, int]
    stand_in: Callable[[], tuple[Part, Part]]


CATS = KnownSet(
    "cat",
    "train_catvnoncat.h5",
    "test_catvnoncat.h5",
    sha256={
        "train_catvnoncat.h5": "fbe56ab67c3ae28d564e3a644189117976d6b31af0a3ce9bb17dbf22908af242",
        "test_catvnoncat.h5": "6a9d39ce52fa85953c5834695b8534a30ed8cfd54971fb2f080b5a24d002b951",
    },
    bytes={"train_catvnoncat.h5": 2_572_022, "test_catvnoncat.h5": 616_958},
    stand_in=draw_cats,
)
SIGNS = KnownSet(
    "hand-sign",
    "train_signs.h5",
    "test_signs.h5",
    sha256={"test_signs.h5": "539fb746ed9e947eb244cfca73f4d1b03f9bf5524d609eeed2cd76ddb1b179be"},
    bytes={"test_signs.h5": 1_477_712},
    stand_in=draw_signs,
)


def load_cats(folder: FilePath | None = None) -> Dataset:
    """Load the course's cat pictures, or draw the stand-in of as many.

    Parameters
    ----------
    folder : path, optional
        Where the files lie; else where MINIDL_DATA points, `datasets/` in the current folder, and `datasets/` beside the package.

    Returns
    -------
    Dataset
        `.train.x` (209, 12288) float64 in [0, 1], `.train.y` (209, 1) float64, 1.0 for a cat; `.test` has 50.

    Raises
    ------
    MissingDataError
        If `folder` lacks a file.
    DataError
        If a file that is there cannot be used.
    """
    return _load(CATS, folder)


def load_signs(folder: FilePath | None = None) -> Dataset:
    """Load the course's hand signs for 0 to 5, or draw the stand-in; `folder` and errors are those of `load_cats`.

    Where only `test_signs.h5` is found, it is split, always in the same way: 80 % for training, each class in proportion.
    """
    return _load(SIGNS, folder)


def usual_places() -> list[Path]:
    """Return the folders that are searched: `datasets/` here, and beside the package."""
    return list(dict.fromkeys([Path("datasets").absolute(), Path(__file__).resolve().parents[2] / "datasets"]))


def _load(known: KnownSet, folder: FilePath | None) -> Dataset:
    if folder is not None:
        if lacking := _lacking(known, Path(folder)):
            raise MissingDataError(f"{folder}: the {known.name} pictures need {lacking}, found no such file there: put it there")
        return _read(known, Path(folder), note="")
    places, note = usual_places(), ""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        if lacking := _lacking(known, Path(chosen)):
            note = f"; {FOLDER_VARIABLE}={chosen} lacks {lacking}"
        places = [Path(chosen), *places]
    for place in places:
        if not _lacking(known, place):
            return _read(known, place, note)
    where = " or ".join(map(str, usual_places()))
    return Dataset(*known.stand_in(), f"stand-in pictures drawn by minidl, because no {known.name} files were found in {where}{note}")


def _lacking(known: KnownSet, folder: Path) -> str:
    return " and ".join(name for name in known.sha256 if not os.path.lexists(folder / name))  # a broken link is told by the reader


def _read(known: KnownSet, folder: Path, note: str) -> Dataset:
    paths = [folder / name for name in (known.train, known.test) if os.path.lexists(folder / name)]
    contents = [read_hdf5(path, schema(path.name.partition("_")[0])) for path in paths]
    parts = [_part(*content.arrays.values()) for content in contents]
    if parts[0].classes != parts[-1].classes:
        found = f"{parts[0].classes} and {parts[1].classes}"
        raise DataError(f"{folder}, key 'list_classes': must be the same in both files, found {found}: take both files from one source")
    if len(parts) == 1:
        (part,) = parts
        rows = split_rows(part.labels, share=0.2, seed=np.random.RandomState(0), stratify=True)
        parts = [Part(part.images[chosen], part.labels[chosen], part.classes) for chosen in rows]
        shares = f"{len(parts[0])}/{len(parts[1])}"
        note = f"; {known.train} is not there, so the pictures of {known.test} are split {shares} with equal class shares{note}"
    shas = {path.name: content.sha256 for path, content in zip(paths, contents, strict=True)}
    unknown = ", ".join(f"{name} {sha[:12]}" for name, sha in shas.items() if sha != known.sha256.get(name))
    if unknown:
        source = f"{known.name} pictures, unverified (unknown SHA-256: {unknown})"
    else:
        source = f"real {known.name} pictures, verified by SHA-256"
    return Dataset(parts[0], parts[1], f"{source} ({', '.join(map(str, paths))}){note}", verified=not unknown)


def schema(prefix: str) -> Schema:
    """Return what a picture file must hold; `prefix` is "train" or "test"."""
    return {
        f"{prefix}_set_x": Field(("m", 64, 64, 3), kinds="u", itemsize=1),
        f"{prefix}_set_y": Field(("m",), kinds="iu", below="k"),
        "list_classes": Field(("k",), kinds="Siu"),
    }


def _part(images: Array, labels: Array, names: Array) -> Part:
    classes = (name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names.tolist())
    # What is printed later must not steer a terminal.
    return Part(images, labels, tuple(name if name.isprintable() else ascii(name)[1:-1] for name in classes))


def fetch(
    known: KnownSet, urls: Sequence[str], folder: FilePath, *, timeout: float = 30.0, patience: float = 900.0, progress: bool = False
) -> dict[Path, str]:
    """Fetch the files of a set whose SHA-256 is known into `folder`, and return what was done by path: "fetched" or "there already".

    Parameters
    ----------
    urls : sequence of str
        The folder on the web that has all files, or one address per file: that ends in its name, or is written NAME=URL.
    timeout, patience : float
        The most seconds that the server may be silent, and that one file may take.

    Raises
    ------
    MissingExtraError
        Without the extra `data`.
    ArgumentError
        If an address is missing, or is not https (http is for this computer alone).
    DataError
        If another file lies in the folder, or the server sends another.
    """
    try:
        import requests  # noqa: F401
    except ImportError:
        raise MissingExtraError("fetching needs requests, which is not installed: pip install minidl[data]") from None
    places = {Path(folder) / name: url for name, url in addresses(known, urls).items()}
    done = dict.fromkeys(places, "fetched")
    for path, url in places.items():
        if not allowed(url):
            raise ArgumentError(f"url must be https (http only on this computer), got {shown(url)}: pass another")
        if os.path.lexists(path):
            if hashlib.sha256(read_whole(path, Limits.size, "a data file", "move it away first")).hexdigest() != known.sha256[path.name]:
                raise DataError(f"{path}: must not be replaced, found another file of that name: move it away first")
            done[path] = "there already"
    for path, url in places.items():
        if done[path] == "fetched":
            content = _Download(known.sha256[path.name], known.bytes[path.name], timeout, patience, progress).content(url)
            make_folder(folder)
            write_whole(path, content)
    return done


def addresses(known: KnownSet, urls: Sequence[str]) -> dict[str, str]:
    """Return the address of each file whose SHA-256 is known."""
    found: dict[str, str] = {}
    bases = []
    for url in urls:
        name, equals, rest = url.partition("=")
        last = urlsplit(url).path.rpartition("/")[2]
        if equals and name in known.sha256:
            found[name] = rest
        elif last in known.sha256:
            found[last] = url
        else:
            bases.append(url)
    if len(bases) > 1:
        raise ArgumentError(f"url must name one folder, or a file of {', '.join(known.sha256)}, got {' and '.join(map(shown, bases))}")
    for base in bases:
        parts = urlsplit(base)
        for name in known.sha256:
            found.setdefault(name, urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}")))
    if lacking := [name for name in known.sha256 if name not in found]:
        raise ArgumentError(f"url must say where {' and '.join(lacking)} lies: pass the folder's address, or {lacking[0]}=URL")
    return {name: found[name] for name in known.sha256}


def allowed(url: str, *, redirected_from: str | None = None) -> bool:
    """Return whether an address is https, or http on this computer; no redirect may step down from https."""
    scheme, here = _target(url)
    return scheme == "https" or (scheme == "http" and here and (redirected_from is None or _target(redirected_from)[0] == "http"))


def shown(url: str) -> str:
    """Return an address without a name, a password or a key that it may carry."""
    parts = urlsplit(url)
    text = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return text[:200] if text.isprintable() else ascii(text)[:200]


def _target(url: str) -> tuple[str, bool]:
    """Return the scheme, and whether the host is this computer, to the library that connects."""
    from urllib3.util import parse_url

    scheme, here = "", False
    if url.isprintable() and not set(url) & {"\\", " "}:  # libraries differ on what it means
        with suppress(ValueError):
            parts = parse_url(url)
            host = (parts.host or "").strip("[]")
            scheme = (parts.scheme or "") if host else ""
            here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    return scheme, here


@dataclass
class _Download:
    """What one file must be, and how many seconds the server may be silent, and take for all of it."""

    sha256: str
    size: int
    timeout: float
    patience: float
    progress: bool

    def content(self, url: str) -> bytes:
        import requests
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        deadline = time.monotonic() + self.patience
        session: Any
        try:
            with requests.Session() as session:
                session.get_redirect_target = lambda response: None  # it would read a redirect's whole body
                with self._answer(session, url) as response:
                    content = self._body(response, deadline)
        except (requests.RequestException, HTTPError) as error:
            silent = isinstance(error, requests.Timeout | ReadTimeoutError)
            what = f"silence for {self.timeout:g} s" if silent else f"the connection failing ({type(error).__name__})"
            raise DataError(f"{shown(url)}: must send the file, found {what}: try again, or another place") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            check_signature(shown(url), content)
            must = f"must send {self.size:,} bytes with the SHA-256 {self.sha256}"
            raise DataError(f"{shown(url)}: {must}, found {len(content):,} with {found}: try again, or another place")
        return content

    def _answer(self, session: Any, url: str) -> Any:
        """Return the answer after the redirects, each to an address that is allowed."""
        origin = None
        for _ in range(_MOST_REDIRECTS + 1):
            if not allowed(url, redirected_from=origin):
                raise DataError(f"{shown(str(origin))}: must not lead away from https, found a redirect to {shown(url)}: try another place")
            session.trust_env = not _target(url)[1]  # what is on this computer needs no proxy
            response = session.get(url, stream=True, timeout=self.timeout, headers={"Accept-Encoding": "identity"})
            if not response.is_redirect:
                return response
            response.close()
            origin, url = url, urljoin(url, response.headers["location"])
        raise DataError(f"{shown(url)}: must be reached in {_MOST_REDIRECTS} redirects, found more: try another place")

    def _body(self, response: Any, deadline: float) -> bytes:
        """Return what the server sends, not much more than the file has."""
        from tqdm import tqdm

        must = f"{shown(response.url)}: must send the file of {self.size:,} bytes, found"
        if response.status_code != 200:
            raise DataError(f"{must} the answer {response.status_code} {response.reason!r:.60}: try another place")
        read = getattr(response.raw, "read1", response.raw.read)  # read1 returns what has come
        content = bytearray()
        with tqdm(total=self.size, unit="B", unit_scale=True, file=sys.stderr, disable=not self.progress) as bar:
            while len(content) <= self.size and (piece := read(2**16, decode_content=False)):
                content += piece
                bar.update(len(piece))
                if time.monotonic() > deadline:
                    raise DataError(f"{must} {len(content):,} after {self.patience:g} s: try again, or another place")
        return bytes(content)
