"""Draws the pictures of docs/play.md: `python tests/pages/play_picture.py`."""

import re
import subprocess
import sys
from pathlib import Path

from conftest import CHROMIUM, OFFLINE
from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
WINDOW = {"width": 1280, "height": 1080}
READY = "window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle"
EPOCHS = "n => Bokeh.documents[0].get_model_by_name('curve').data.epoch.length >= n"


def picture(browser, url, scheme):
    """Break a layer in the middle of a training, check it, and take the picture."""
    page = browser.new_page(viewport=WINDOW, color_scheme=scheme)
    page.goto(url)
    page.wait_for_function(READY)
    page.get_by_role("button", name="Start").click()
    page.wait_for_function(EPOCHS, arg=100)
    page.get_by_label("Layer", exact=True).select_option("layer 2, Linear(8, 8)")
    page.get_by_label("Mistake").select_option("weight: wrong sign")
    page.wait_for_function(
        "() => Bokeh.documents[0].get_model_by_name('earlier').data.epoch.length > 0"
    )
    page.wait_for_function(EPOCHS, arg=100)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Check the gradients").click()
    page.get_by_text("A gradient is wrong").wait_for()
    path = FOLDER / f"play-{scheme}.png"
    page.screenshot(path=path, full_page=True)
    with Image.open(path) as image:  # a third of the bytes
        image.convert("RGB").quantize(dither=Image.Dither.NONE).save(path, optimize=True)
    page.close()


def main():
    FOLDER.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "minidl", "play", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = re.search(r"http\S+", server.stdout.readline())[0]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
            for scheme in ("light", "dark"):
                picture(browser, url, scheme)
            browser.close()
        server.terminate()


if __name__ == "__main__":
    main()
