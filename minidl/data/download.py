"""Fetches the course's picture files from a place that the user names: each whole and the right one, or not at all."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from ..errors import ArgumentError, DataError, require_extra
from ..utils.atomic_files import FilePath, atomic_write, make_folder, read_bounded
from .hdf5_rules import Limits, check_signature
from .pictures import KnownSet

_MOST_REDIRECTS = 5
_HEAD = 2**10  # bytes that tell what kind of file another one is


def fetch(
    known: KnownSet,
    urls: Sequence[str],
    folder: FilePath,
    *,
    timeout: float = 30.0,
    patience: float = 900.0,
    progress: bool = False,
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
    MissingDependencyError
        Without the extra `data`.
    ArgumentError
        If an address is missing, or is not https (http is for this computer alone).
    DataError
        If another file lies in the folder, or the server sends another.
    """
    with require_extra("pooch", "data", "fetching"):
        import pooch  # noqa: F401
    places = {Path(folder) / name: url for name, url in addresses(known, urls).items()}
    done = dict.fromkeys(places, "fetched")
    for path, url in places.items():
        if not allowed(url):
            raise ArgumentError(
                f"url must be https (http only on this computer), got {shown(url)}: pass another"
            )
        if os.path.lexists(path):
            if (
                hashlib.sha256(
                    read_bounded(path, Limits.size, "a data file", "move it away first")
                ).hexdigest()
                != known.sha256[path.name]
            ):
                raise DataError(
                    f"{path}: must not be replaced, found another file of that name: move it away first"
                )
            done[path] = "there already"
    for path, url in places.items():
        if done[path] == "fetched":
            content = _content(
                url,
                path.name,
                _Download(
                    known.sha256[path.name], known.bytes[path.name], timeout, patience, progress
                ),
            )
            make_folder(folder)
            atomic_write(path, content)
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
        raise ArgumentError(
            f"url must name one folder, or a file of {', '.join(known.sha256)}, got {' and '.join(map(shown, bases))}"
        )
    for base in bases:
        parts = urlsplit(base)
        for name in known.sha256:
            found.setdefault(
                name, urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))
            )
    if lacking := [name for name in known.sha256 if name not in found]:
        raise ArgumentError(
            f"url must say where {' and '.join(lacking)} lies: pass the folder's address, or {lacking[0]}=URL"
        )
    return {name: found[name] for name in known.sha256}


def allowed(url: str, *, redirected_from: str | None = None) -> bool:
    """Return whether an address is https, or http on this computer; no redirect may step down from https."""
    scheme, here = _target(url)
    return scheme == "https" or (
        scheme == "http"
        and here
        and (redirected_from is None or _target(redirected_from)[0] == "http")
    )


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


def _content(url: str, name: str, download: _Download) -> bytes:
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it would tell addresses, which may carry keys
    try:
        with tempfile.TemporaryDirectory(prefix="minidl-") as scratch:
            path = pooch.retrieve(
                url,
                known_hash=f"sha256:{download.sha256}",
                fname=name,
                path=scratch,
                downloader=download,
            )
            return read_bounded(path, download.size)
    finally:
        logger.setLevel(level)


@dataclass
class _Download:
    """What pooch calls to write the file at an address to a path: no more than its bytes, none but the right ones."""

    sha256: str
    size: int
    timeout: float
    patience: float
    progress: bool

    def __call__(self, url: str, output_file: FilePath, pooch: object) -> None:
        import requests
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        deadline = time.monotonic() + self.patience
        session: Any
        try:
            with requests.Session() as session:
                session.get_redirect_target = lambda response: (
                    None
                )  # it would read a redirect's whole body
                with self._answer(session, url) as response:
                    content = self._body(response, deadline)
        except (requests.RequestException, HTTPError) as error:
            silent = isinstance(error, requests.Timeout | ReadTimeoutError)
            what = (
                f"silence for {self.timeout:g} s"
                if silent
                else f"the connection failing ({type(error).__name__})"
            )
            raise DataError(
                f"{shown(url)}: must send the file, found {what}: try again, or another place"
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            check_signature(shown(url), content, len(content))
            raise DataError(
                f"{shown(url)}: must have the SHA-256 {self.sha256}, found {found}: it is another file, try another place"
            )
        Path(output_file).write_bytes(content)

    def _answer(self, session: Any, url: str) -> Any:
        """Return the answer after the redirects, each to an address that is allowed."""
        origin = None
        for _ in range(_MOST_REDIRECTS + 1):
            if not allowed(url, redirected_from=origin):
                raise DataError(
                    f"{shown(str(origin))}: must not lead away from https, found a redirect to {shown(url)}: try another place"
                )
            session.trust_env = not _target(url)[1]  # what is on this computer needs no proxy
            response = session.get(
                url, stream=True, timeout=self.timeout, headers={"Accept-Encoding": "identity"}
            )
            if not response.is_redirect:
                return response
            response.close()
            origin, url = url, urljoin(url, response.headers["location"])
        raise DataError(
            f"{shown(url)}: must be reached in {_MOST_REDIRECTS} redirects, found more: try another place"
        )

    def _body(self, response: Any, deadline: float) -> bytes:
        from tqdm import tqdm

        def refuse(what: str, cure: str = "is it the address of the file itself?") -> DataError:
            return DataError(
                f"{shown(response.url)}: must send the file of {self.size:,} bytes, found {what}: {cure}"
            )

        if response.status_code != 200:
            raise refuse(f"the answer {response.status_code} {response.reason!r:.60}")
        if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
            raise refuse(f"it packed as {encoding!r:.60}", "pass a place that sends it as it is")
        read = getattr(
            response.raw, "read1", response.raw.read
        )  # read1 returns what has come: see the deadline
        announced = response.headers.get("content-length", str(self.size))
        if announced != str(self.size):
            check_signature(
                shown(response.url),
                read(_HEAD, decode_content=False),
                int(announced) if announced.isdecimal() else 0,
            )
            raise refuse(f"{announced!r:.30} announced")
        content = bytearray()
        with tqdm(
            total=self.size, unit="B", unit_scale=True, file=sys.stderr, disable=not self.progress
        ) as bar:
            while len(content) <= self.size and (piece := read(2**16, decode_content=False)):
                content += piece
                bar.update(len(piece))
                if time.monotonic() > deadline:
                    raise refuse(
                        f"{len(content):,} after {self.patience:g} s", "try again, or another place"
                    )
        if len(content) > self.size:
            raise refuse("more")
        if len(content) < self.size:
            raise refuse(f"it broken off after {len(content):,}", "try again")
        return bytes(content)
