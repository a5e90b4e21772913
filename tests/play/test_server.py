"""The server, without a browser: what it serves, and what it refuses."""

import asyncio

import pytest

pytest.importorskip("bokeh")

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from minidl.play.points import drawn_sets
from minidl.play.server import PlayServer


async def status(url, **headers):
    client = AsyncHTTPClient(force_instance=True)
    try:
        return (await client.fetch(url, headers=headers)).code
    except HTTPClientError as error:
        return error.code
    finally:
        client.close()


def answers(*requests):
    """Serve the page until all requests have their answers, and return their statuses."""

    async def ask():
        server = PlayServer(drawn_sets())
        base = server.url[: server.url.rindex("/", 0, -1) + 1]
        try:
            return [await status(url(server.url, base), **headers) for url, headers in requests]
        finally:
            server.close()

    return asyncio.run(ask())


def page(url, base):
    return url


def root(url, base):
    return base


def wrong(url, base):
    return f"{base}{'0' * 48}/"


def socket(url, base):
    return f"{url}ws"


def test_the_page_is_served_to_those_who_know_its_address():
    assert answers((page, {}), (root, {}), (wrong, {})) == [200, 404, 404]


def test_other_hosts_and_origins_are_refused():
    foreign = {"Origin": "http://evil.example"}
    assert (
        answers((page, {"Host": "evil.example"}), (page, foreign), (socket, foreign)) == [403] * 3
    )
