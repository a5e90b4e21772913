"""`minidl play` in Chromium: it trains, its mistakes are named, it serves nobody else."""

import http.client
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("bokeh", reason='needs Bokeh: pip install "bokeh>=3.7"')

READY = "window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle"
COLUMN = "name => Array.from(Bokeh.documents[0].get_model_by_name('curve').data[name])"
EPOCHS = "n => Bokeh.documents[0].get_model_by_name('curve').data.epoch.length >= n"
FOCUSED = """() => {
  let element = document.activeElement
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  return element.tagName
}"""
CSV = "width,$$x^2$$,<b>bold</b>,kind\n" + "".join(
    f"{k},{k % 3},{-k},{'<i>a</i>' if k % 2 else 'b'}\n" for k in range(20)
)


def serve(*arguments):
    """Start the command, and return the process and the address that it prints."""
    command = [sys.executable, "-m", "minidl", "play", "--no-browser", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    first_line = process.stdout.readline()
    return process, re.search(r"http\S+", first_line)[0]


def end(process):
    """End the command as Ctrl-C does, and return its status."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(20)
    finally:
        process.kill()
        process.stdout.close()


@pytest.fixture(scope="module")
def server():
    process, url = serve()
    yield process, url
    end(process)


@pytest.fixture
def url(server):
    return server[1]


def opened(page, url):
    """Open the page and wait until it is drawn."""
    page.goto(url)
    page.wait_for_function(READY)
    return page


def press(page, name):
    page.get_by_role("button", name=name).click()


def choose(page, label, option):
    page.get_by_label(label, exact=True).select_option(option)


def wait_for_text(page, pattern):
    page.get_by_text(re.compile(pattern)).first.wait_for()


def losses(page):
    return page.evaluate(COLUMN, "loss")


def test_it_trains_and_the_curve_moves(page, url):
    opened(page, url)
    wait_for_text(page, "Not trained yet")
    press(page, "Start")
    page.wait_for_function(EPOCHS, arg=20)
    press(page, "Pause")
    page.get_by_role("button", name="Start").wait_for()
    assert losses(page)[-1] < 0.8 * losses(page)[0]
    press(page, "Reset")
    wait_for_text(page, "Not trained yet")
    assert losses(page) == []


def test_it_trains_batch_by_batch(page, url):
    opened(page, url)
    for batch in (1, 2):
        press(page, "One batch")
        wait_for_text(page, rf"Epoch 1, batch {batch} of 8")


def test_settings_make_another_network(page, url):
    opened(page, url)
    page.get_by_label("Units of the hidden layers").fill("3, 5, 2")
    page.keyboard.press("Tab")
    page.wait_for_function(
        "Bokeh.documents[0].get_model_by_name('pictures').data.image.length == 10"
    )
    page.get_by_label("Units of the hidden layers").fill("3, many")
    page.keyboard.press("Tab")
    wait_for_text(page, "must be at most 6 numbers from 1 to 64, got '3, many'")
    choose(page, "Data", "blobs")
    wait_for_text(page, "class 2")


def test_the_checker_names_the_mistake(page, url):
    opened(page, url)
    press(page, "Start")
    choose(page, "Layer", "layer 2, Linear(8, 8)")
    choose(page, "Mistake", "weight: wrong sign")
    wait_for_text(page, re.escape("weight.grad = -dy.T @ x"))
    page.wait_for_function(EPOCHS, arg=2)
    press(page, "Check the gradients")
    wait_for_text(page, "A gradient is wrong")
    wait_for_text(page, re.escape("layer 2 Linear(8, 8) weight"))
    wait_for_text(page, "consistent with the sign is wrong")
    choose(page, "Mistake", "none: the backward pass is right")
    press(page, "Check the gradients")
    wait_for_text(page, "All gradients are right")


def test_two_tabs_do_not_disturb_each_other(new_page, url):
    first, second = opened(new_page(), url), opened(new_page(), url)
    choose(first, "Activation", "relu")
    press(first, "Start")
    first.wait_for_function(EPOCHS, arg=5)
    press(second, "One batch")
    wait_for_text(second, "Epoch 1, batch 1 of 8")
    assert losses(second) == []
    assert second.get_by_label("Activation").input_value() == "tanh"
    second.close()
    first.wait_for_function(EPOCHS, arg=len(losses(first)) + 5)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts the threads of a process")
def test_the_training_ends_when_its_tab_is_closed(page, server):
    process, url = server
    threads = Path(f"/proc/{process.pid}/task")

    def wait_for(condition):
        while not condition(len(list(threads.iterdir()))):
            page.wait_for_timeout(100)

    opened(page, url)
    before = len(list(threads.iterdir()))
    press(page, "Start")
    wait_for(lambda n: n > before)
    page.goto("about:blank")
    wait_for(lambda n: n <= before)


def test_the_keyboard_reaches_everything(page, url):
    opened(page, url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Pause").wait_for()
    seen = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(FOCUSED))
    assert {"SELECT", "INPUT", "BUTTON"} <= seen


def test_the_page_asks_nobody_else_for_anything(page, url):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    opened(page, url)
    assert requests
    assert [each for each in requests if not each.startswith(url)] == []


def test_it_is_accessible(new_page, url, size, scheme, check_accessibility, check_width):
    page = opened(new_page(size, scheme), url)
    check_accessibility(page)
    choose(page, "Mistake", "bias: forgotten")
    press(page, "Check the gradients")
    page.get_by_text("The whole report").click()
    check_accessibility(page)
    check_width(page)
    page.get_by_label("Units of the hidden layers").fill("0")
    page.keyboard.press("Tab")
    wait_for_text(page, "must be at most 6 numbers")
    check_accessibility(page)


def test_a_file_of_your_own(page, tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text(CSV, encoding="utf-8")
    process, url = serve(str(path))
    try:
        opened(page, url)
        wait_for_text(page, "<i>a</i>")
        choose(page, "Up", "<b>bold</b>")
        press(page, "Start")
        page.wait_for_function(EPOCHS, arg=2)
    finally:
        assert end(process) == 0


def status(url, path=None, **headers):
    """Return the status of a request; of a handshake if it has the header Upgrade."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request("GET", parts.path if path is None else path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_without_its_token_nothing_is_served(url):
    token = urlsplit(url).path
    assert status(url) == 200
    wrong = f"/{'0' * (len(token) - 2)}/"
    for path in ("/", wrong, f"{wrong}ws", "/ws", "/static/js/bokeh.min.js", "/autoload.js"):
        assert status(url, path) == 404, path


def test_other_hosts_are_refused(url):
    port = urlsplit(url).port
    for host in (f"evil.example:{port}", f"localhost:{port}", "127.0.0.1", ""):
        assert status(url, Host=host) == 403, host


def test_web_sockets_of_other_pages_are_refused(url):
    own = urlsplit(url)
    handshake = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol": "bokeh, none",
    }
    path = f"{own.path}ws"
    assert status(url, path, Origin=f"http://{own.netloc}", **handshake) == 101
    for origin in ("http://evil.example", f"https://{own.netloc}", "http://127.0.0.1:1", "null"):
        assert status(url, path, Origin=origin, **handshake) == 403, origin


def test_ctrl_c_ends_it(page):
    process, url = serve()
    opened(page, url)
    press(page, "Start")
    page.wait_for_function(EPOCHS, arg=1)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert process.stdout.read().splitlines()[-1] == "ended"
    wait_for_text(page, "The page has lost its server")
    process.stdout.close()
