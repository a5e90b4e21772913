"""The web address of each file of an image set, and the rule for allowed addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

from ..errors import ArgumentError
from ..escaping import escaped


def resolve_urls(file_names: Iterable[str], urls: Sequence[str]) -> dict[str, str]:
    """Return the address of each file.

    An element of `urls` is the address of a folder with all other files, the address of a file
    (which ends in its name), or "NAME=URL".
    """
    for url in urls:
        _check_address(url)
    names = list(file_names)
    url_of_file: dict[str, str] = {}
    folders = []
    for url in urls:
        prefix, equals, rest = url.partition("=")
        last_segment = urlsplit(url).path.rpartition("/")[2]
        if equals and prefix in names:
            url_of_file[prefix] = rest
        elif last_segment in names:
            url_of_file[last_segment] = url
        else:
            folders.append(url)
    if len(folders) > 1:
        raise ArgumentError(
            f"url must name one folder or a file of {', '.join(names)}, "
            f"got {' and '.join(map(redact_url, folders))}"
        )
    for folder in folders:
        parts = urlsplit(folder)
        for name in names:
            file_url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))
            url_of_file.setdefault(name, file_url)
    missing = [name for name in names if name not in url_of_file]
    if missing:
        raise ArgumentError(
            f"url must say where to find {' and '.join(missing)}, got no address of it: "
            f"pass the folder's address, or {missing[0]}=URL"
        )
    return {name: url_of_file[name] for name in names}


def _check_address(url: str) -> None:
    """Raise `ArgumentError` for an address that no library can take apart."""
    try:
        urlsplit(url)
    except ValueError as error:
        raise ArgumentError(
            f"url must be an address such as https://example.org/folder, got {redact_url(url)} "
            f"({error})"
        ) from None


def is_allowed(url: str, *, redirected_from: str | None = None) -> bool:
    """Return True for https, and for http on this computer unless https redirected to it."""
    scheme, is_local = scheme_and_locality(url)
    if scheme == "https":
        return True
    return (
        scheme == "http"
        and is_local
        and (redirected_from is None or scheme_and_locality(redirected_from)[0] == "http")
    )


def redact_url(url: str) -> str:
    """Return an address without a user name, password or key, for a message."""
    try:
        parts = urlsplit(url)
        text = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:  # it cannot be taken apart
        text = url.partition("?")[0].partition("#")[0].rpartition("@")[2]
    return escaped(text)[:200]


def scheme_and_locality(url: str) -> tuple[str, bool]:
    """Return the scheme, and whether the host is this computer, as the connecting library does."""
    from urllib3.util import parse_url

    # Libraries differ on the meaning of these characters, so an address with one has no scheme.
    if not url.isprintable() or set(url) & {"\\", " "}:
        return "", False
    scheme = ""
    is_local = False
    with suppress(ValueError):
        parts = parse_url(url)
        host = (parts.host or "").strip("[]")
        scheme = (parts.scheme or "") if host else ""
        is_local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    return scheme, is_local
