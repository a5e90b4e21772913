"""Addresses of files, allowed addresses, and addresses in messages."""

import pytest

pytest.importorskip("pooch")

from minidl.data.course_images import CATS
from minidl.data.urls import is_allowed, redact_url, resolve_urls
from minidl.errors import ArgumentError


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://example.org/", True),
        ("HTTPS://example.org/", True),
        ("https://192.0.2.1:8443/a?b=c", True),
        ("http://127.0.0.1:8000/", True),
        ("http://localhost/", True),
        ("http://[::1]:80/", True),
        ("http://127.1.2.3/", True),
        ("http://example.org/", False),
        ("http://192.168.0.1/", False),
        ("http://localhost.example.org/", False),
        ("http://127.0.0.1.example.org/", False),
        ("http://127.0.0.1@example.org/", False),
        ("http://example.org#@127.0.0.1/", False),
        ("http://127.0.0.1\\@example.org/", False),
        ("https://exam ple.org/", False),
        ("https://example.org/\n", False),
        ("https://", False),
        ("https://example.org:port/", False),
        ("file:///etc/passwd", False),
        ("ftp://example.org/", False),
        ("//example.org/", False),
        ("example.org/file", False),
        ("", False),
    ],
)
def test_allowed_addresses(url, fits):
    assert is_allowed(url) is fits


def test_no_redirect_leaves_https():
    assert is_allowed("https://127.0.0.1/", redirected_from="https://example.org/")
    assert not is_allowed("http://127.0.0.1/", redirected_from="https://example.org/")
    assert is_allowed("https://example.org/", redirected_from="http://127.0.0.1/")


def test_addresses_of_a_folder_and_of_files():
    train, test = CATS.sha256
    assert resolve_urls(CATS.sha256, ["https://a.org/x"]) == resolve_urls(
        CATS.sha256, ["https://a.org/x/"]
    )
    assert (
        resolve_urls(CATS.sha256, ["https://a.org/x/?raw=1"])[test]
        == f"https://a.org/x/{test}?raw=1"
    )
    assert resolve_urls(
        CATS.sha256, [f"https://a.org/{train}?v=2", f"{test}=https://b.org/file?id=7"]
    ) == {
        train: f"https://a.org/{train}?v=2",
        test: "https://b.org/file?id=7",
    }
    assert resolve_urls(CATS.sha256, [f"{train}=https://b.org/7", "https://a.org"]) == {
        train: "https://b.org/7",
        test: f"https://a.org/{test}",
    }


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ([], "where to find train_catvnoncat.h5 and test_catvnoncat.h5"),
        (["https://a.org/train_catvnoncat.h5"], "where to find test_catvnoncat.h5"),
        (["https://a.org/", "https://b.org/"], "must name one folder"),
    ],
)
def test_missing_or_ambiguous_addresses_are_refused(urls, message):
    with pytest.raises(ArgumentError, match=message):
        resolve_urls(CATS.sha256, urls)


@pytest.mark.parametrize("url", ["http://[/a", "https://me:secret@ev\x1b[31mil/a?key=secret"])
def test_an_address_that_cannot_be_taken_apart_is_refused(url):
    with pytest.raises(ArgumentError, match="url must be an address such as https") as caught:
        resolve_urls(CATS.sha256, [url])
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)
    shown = r"got ev\x1b[31mil/a (" if "secret" in url else "got http://[/a"
    assert shown in str(caught.value)
    assert not is_allowed(url)


def test_secrets_in_an_address_are_not_shown():
    assert (
        redact_url("https://me:secret@example.org/a?key=secret#secret") == "https://example.org/a"
    )
    assert redact_url("https://a.org/\x1b[2J").isprintable()
