"""Fetches the course's picture files from a place that the user names: each whole and the right one, or not at all."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from ..errors import ArgumentError, DataError, MissingExtraError
from ..files import FilePath, make_folder, read_whole, write_whole
from .hdf5 import Limits, check_signature
from .pictures import KnownSet

_MOST_REDIRECTS = 5


def fetch(
    known: KnownSet, urls: Sequence[str], folder: FilePath, *, timeout: float = 30.0, patience: float = 900.0, progress: bool = False
) -> dict[Path, str]:
    """Fetch the files of a set whose SHA-256 is known into `folder`, and return what was done: "fetched" or "there already" by path.

    Parameters
    ----------
    known : KnownSet
    urls : sequence of str
        The folder on the web that has all files, or one address per file: that ends in its name, or is written NAME=URL.
    folder : path
        Created if it is not there.
    timeout, patience : float
        The most seconds that the server may be silent, and that one file may take.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    MissingExtraError
        Without the extra `data`.
    ArgumentError
        If an address is missing, or is not https (http is for this computer alone).
    DataError
        If another file of that name lies in the folder, or what the server sends is not the file.
    """
    try:
        import requests  # noqa: F401
    except ImportError:
        raise MissingExtraError("fetching needs requests, which is not installed: pip install minidl[data]") from None
    places = {Path(folder) / name: url for name, url in addresses(known, urls).items()}
    done = dict.fromkeys(places, "fetched")
    for path, url in places.items():
        if not allowed(url):
            raise ArgumentError(f"url must be https (http only on this computer), got {shown(url)}: pass one that begins with https://")
        if os.path.lexists(path):
            found = hashlib.sha256(read_whole(path, Limits.size, "a data file", "move it away first")).hexdigest()
            if found != known.sha256[path.name]:
                raise DataError(f"{path}: must not be replaced, found another file of that name, SHA-256 {found}: move it away first")
            done[path] = "there already"
    for path, url in places.items():
        if done[path] == "fetched":
            content = _Download(known.sha256[path.name], known.bytes[path.name], timeout, patience, progress).content(url)
            make_folder(folder)
            write_whole(path, content)
    return done


def addresses(known: KnownSet, urls: Sequence[str]) -> dict[str, str]:
    """Return the address of each file whose SHA-256 is known.

    Examples
    --------
    >>> from minidl.data.pictures import SIGNS
    >>> addresses(SIGNS, ["https://example.org/pictures/"])
    {'test_signs.h5': 'https://example.org/pictures/test_signs.h5'}
    """
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
    """Return an address for a message: without a user's name, a password or a key that it may carry."""
    parts = urlsplit(url)
    text = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    return text[:200] if text.isprintable() else ascii(text)[:200]


def _target(url: str) -> tuple[str, bool]:
    """Return the scheme, and whether the host is this computer, as the library reads them that will connect."""
    from urllib3.util import parse_url

    scheme, here = "", False
    if url.isprintable() and not set(url) & {"\\", " "}:  # on what such an address means, libraries differ
        with suppress(ValueError):  # no address, or no number of a host
            parts = parse_url(url)
            host = (parts.host or "").strip("[]")
            scheme = (parts.scheme or "") if host else ""
            here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    return scheme, here


@dataclass
class _Download:
    """The download of one file: no more than its bytes, none but the right ones."""

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
                session.get_redirect_target = lambda response: None  # it would read the whole body of a redirect, however long
                with self._answer(session, url) as response:
                    content = self._body(response, deadline)
        except (requests.RequestException, HTTPError) as error:
            silent = isinstance(error, requests.Timeout | ReadTimeoutError)
            what = f"silence for {self.timeout:g} s" if silent else f"the connection failing ({type(error).__name__})"
            raise DataError(f"{shown(url)}: must send the file, found {what}: try again, or another place") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            check_signature(shown(url), content)
            raise DataError(
                f"{shown(url)}: must send {self.size:,} bytes with the SHA-256 {self.sha256}, found {len(content):,} with {found}: "
                "try again, or another place"
            )
        return content

    def _answer(self, session: Any, url: str) -> Any:
        """Return the answer that has the file, after some redirects, each to an address that is allowed."""
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
        raise DataError(f"{shown(url)}: must be reached in {_MOST_REDIRECTS} redirects, found more: pass the address of the file itself")

    def _body(self, response: Any, deadline: float) -> bytes:
        """Return what the server sends, if it is more than the file then not all of it."""
        from tqdm import tqdm

        must = f"{shown(response.url)}: must send the file of {self.size:,} bytes, found"
        if response.status_code != 200:
            raise DataError(f"{must} the answer {response.status_code} {response.reason!r:.60}: is it the address of the file itself?")
        read = getattr(response.raw, "read1", response.raw.read)  # read1 returns what has come: see the deadline
        content = bytearray()
        with tqdm(total=self.size, unit="B", unit_scale=True, file=sys.stderr, disable=not self.progress) as bar:
            while len(content) <= self.size and (piece := read(2**16, decode_content=False)):
                content += piece
                bar.update(len(piece))
                if time.monotonic() > deadline:
                    raise DataError(f"{must} {len(content):,} after {self.patience:g} s: try again, or another place")
        return bytes(content)
