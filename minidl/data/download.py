"""Downloading the image files of the DeepLearning.AI specialization, verified by SHA-256."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ..errors import ArgumentError, DataError, MinidlError, require_extra
from ..utils.atomic_files import FilePath, atomic_write, make_folder, read_bounded
from ..utils.output import LenientStream
from .course_images import DatasetFiles
from .deadline import Deadline, timed_session
from .hdf5_schema import Limits
from .hdf5_validation import check_signature
from .urls import is_allowed, redact_url, resolve_urls, scheme_and_locality

_MAX_REDIRECTS = 5
_SIGNATURE_BYTES = 2**10  # enough to recognize the kind of file that the server sends instead
_READ_BYTES = 2**16
_MAX_DIGITS = 20  # of a size


def fetch(
    files: DatasetFiles,
    urls: Sequence[str],
    folder: FilePath,
    *,
    timeout: float = 30.0,
    total_timeout: float = 900.0,
    progress: bool = False,
) -> dict[Path, str]:
    """Download the files of an image set whose SHA-256 is known.

    Parameters
    ----------
    files : DatasetFiles
        The image set.
    urls : sequence of str
        The address of a folder with all files, or one address per file, which ends in the name
        of the file or is written as "NAME=URL".
    folder : path-like
        The folder to write to; it is created if it does not exist.
    timeout : float, default 30.0
        Maximum number of seconds without data from the server.
    total_timeout : float, default 900.0
        Maximum number of seconds for one file: for connections, redirects, headers and content.
    progress : bool, default False
        Whether to show a progress bar on stderr.

    Returns
    -------
    dict of Path to str
        The outcome for each file: "fetched" or "there already".

    Raises
    ------
    MissingDependencyError
        If the extra `data` is not installed.
    ArgumentError
        If an address is missing, or is not https (http is allowed on this computer only).
    DataError
        If the folder has a different file of that name, or the server does not send the file.
    """
    with require_extra("pooch", "data", "fetching"):
        import pooch  # noqa: F401
    url_of_path = {
        Path(folder) / name: url for name, url in resolve_urls(files.sha256, urls).items()
    }
    outcome = {}
    for path, url in url_of_path.items():
        if not is_allowed(url):
            raise ArgumentError(
                "url must be https (http only on this computer), "
                f"got {redact_url(url)}: pass another address"
            )
        exists = _check_existing(path, files.sha256[path.name])
        outcome[path] = "there already" if exists else "fetched"
    for path, url in url_of_path.items():
        if outcome[path] == "fetched":
            download = _Download(
                files.sha256[path.name], files.bytes[path.name], timeout, total_timeout, progress
            )
            content = _retrieve(url, path.name, download)
            make_folder(folder)
            atomic_write(path, content)
    return outcome


def _check_existing(path: Path, sha256: str) -> bool:
    """Return whether the file exists; raise `DataError` if its SHA-256 is a different one."""
    if not os.path.lexists(path):
        return False
    content = read_bounded(path, Limits.max_bytes, "a data file", "move it away first")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"{path}: must not be replaced, found another file of that name: move it away first"
        )
    return True


def _retrieve(url: str, name: str, download: _Download) -> bytes:
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it would log addresses, which may contain keys
    try:
        with tempfile.TemporaryDirectory(prefix="minidl-") as temporary_folder:
            path = pooch.retrieve(
                url,
                known_hash=f"sha256:{download.sha256}",
                fname=name,
                path=temporary_folder,
                downloader=download,
            )
            return read_bounded(path, download.size)
    finally:
        logger.setLevel(level)


@dataclass
class _Download:
    """The downloader that pooch calls; it writes only files of the correct size and SHA-256."""

    sha256: str
    size: int
    timeout: float
    total_timeout: float
    progress: bool

    def __call__(self, url: str, output_file: FilePath, pooch: object) -> None:
        deadline = Deadline(self.total_timeout, self.timeout)
        try:
            with timed_session(deadline) as session:
                # `requests` would read the whole body of a redirect: they are followed below.
                session.get_redirect_target = lambda response: None
                with self._get(session, url) as response:
                    content = self._read_body(response)
        except MinidlError:
            raise
        except Exception as error:  # a malformed answer makes the libraries raise nearly anything
            raise DataError(
                f"{redact_url(url)}: must send the file, found {self._problem(error, deadline)}: "
                "try again, or another address"
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256:
            check_signature(redact_url(url), content, len(content))
            raise DataError(
                f"{redact_url(url)}: must have the SHA-256 {self.sha256}, found {digest}: "
                "it is another file, try another address"
            )
        Path(output_file).write_bytes(content)

    def _problem(self, error: Exception, deadline: Deadline) -> str:
        import requests
        from urllib3.exceptions import TimeoutError as WaitError

        if deadline.is_over:
            return f"it incomplete after {self.total_timeout:g} s"
        if isinstance(error, requests.Timeout | WaitError | TimeoutError):
            return f"silence for {deadline.wait:.3g} s"
        return f"a failed connection ({type(error).__name__})"

    def _get(self, session: Any, url: str) -> Any:
        """Return the response after following redirects to allowed addresses."""
        previous_url = None
        for _ in range(_MAX_REDIRECTS + 1):
            if not is_allowed(url, redirected_from=previous_url):
                raise DataError(
                    f"{redact_url(str(previous_url))}: must stay on https, found a redirect to "
                    f"{redact_url(url)}: try another address"
                )
            _, is_local = scheme_and_locality(url)
            session.trust_env = not is_local  # this computer is reached without a proxy
            response = session.get(
                url, stream=True, timeout=self.timeout, headers={"Accept-Encoding": "identity"}
            )
            if not response.is_redirect:
                return response
            response.close()
            previous_url, location = url, response.headers["location"]
            try:
                url = urljoin(url, location)
            except ValueError:
                raise DataError(
                    f"{redact_url(previous_url)}: must redirect to an address, found "
                    f"{location!r:.80}: try another address"
                ) from None
        raise DataError(
            f"{redact_url(url)}: must be reached in {_MAX_REDIRECTS} redirects, found more: "
            "try another address"
        )

    def _read_body(self, response: Any) -> bytes:
        from tqdm import tqdm

        if response.status_code != 200:
            raise self._error(
                response, f"the answer {response.status_code} {response.reason!r:.60}"
            )
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise self._error(
                response, f"it encoded as {encoding!r:.60}", "pass an address that does not encode"
            )
        # read1 returns what has arrived.
        read = getattr(response.raw, "read1", response.raw.read)
        announced = response.headers.get("content-length", str(self.size))
        if announced != str(self.size):
            head = read(_SIGNATURE_BYTES, decode_content=False)
            is_number = announced.isdecimal() and len(announced) < _MAX_DIGITS
            announced_size = int(announced) if is_number else 0
            if head:
                check_signature(redact_url(response.url), head, announced_size)
            raise self._error(response, f"{announced!r:.30} announced")
        content = bytearray()
        with tqdm(
            total=self.size,
            unit="B",
            unit_scale=True,
            file=LenientStream(sys.stderr),
            disable=not self.progress,
        ) as bar:
            while len(content) <= self.size:
                piece = read(_READ_BYTES, decode_content=False)
                if not piece:
                    break
                content += piece
                bar.update(len(piece))
        if len(content) > self.size:
            raise self._error(response, "more")
        if len(content) < self.size:
            raise self._error(response, f"it truncated after {len(content):,}", "try again")
        return bytes(content)

    def _error(
        self, response: Any, problem: str, cure: str = "is it the address of the file itself?"
    ) -> DataError:
        return DataError(
            f"{redact_url(response.url)}: must send the file of {self.size:,} bytes, "
            f"found {problem}: {cure}"
        )
