"""The page of `minidl train --out`."""

import re
from html import escape

import pytest

from minidl.cli import main
from minidl.cli.train_report import outcome
from minidl.data import write_cats


def page(tmp_path, *words):
    assert main(["train", *words, "--out", str(tmp_path / "out")]) == 0
    return (tmp_path / "out" / "report.html").read_text("utf-8")


def words_of(html):
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL).split())


def test_points_in_the_plane(tmp_path):
    pytest.importorskip("matplotlib")
    html = page(tmp_path, "moons", "--epochs", "60", "--layers", "8")
    assert len(html) < 1_000_000
    words = words_of(html)
    assert "moons: training of 2-8-1" in words
    assert "of the 100 test examples correctly" in words
    assert re.search(r"accuracy 0\.\d{4} 0\.\d{4} most frequent class 0\.5000 0\.5000", words)
    alts = re.findall(r'alt="([^"]*)"', html)
    assert len(alts) == 2 * 3  # boundary, loss and accuracy in two looks
    assert any(re.match(r"loss over 60 epochs: training from .*; test from", alt) for alt in alts)
    assert "X (m, 2) 0 Linear (2, 8) 24 parameters" in words
    assert "drawn: 400 points in the plane" in words
    assert "<dt>epochs</dt><dd>60</dd>" in html
    assert "<dt>layers</dt><dd>8</dd>" in html
    settings = (tmp_path / "out" / "settings.toml").read_text()
    assert html.count(escape(settings.strip())) == 1


def test_pictures_that_are_misclassified_are_shown_with_both_classes(tmp_path):
    write_cats(tmp_path / "data")
    data = ["--data", str(tmp_path / "data")]
    html = page(tmp_path, "cats", *data, "--epochs", "1", "--layers", "none")
    count = int(re.search(r"(\d+) of 50 test images are misclassified", html)[1])
    assert html.count('class="pixels"') == min(count, 24) > 0
    assert re.search(r"true: (non-)?cat, predicted: (non-)?cat \(\d\d%\)", html)
    assert ("; 24 are shown" in html) == (count > 24)


def test_names_from_a_file_are_escaped(tmp_path):
    classes = ("<script>alert(1)</script>", "b&b 猫", "x" * 5_000)
    rows = [f"{i % 7},{i % 5},{i % 3},{classes[i % 3]}\n" for i in range(60)]
    path = tmp_path / "table <b>.csv"
    path.write_text("".join(rows))
    html = page(tmp_path, str(path), "--epochs", "1")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/scrip…" in html
    assert "b&amp;b 猫" in html
    assert "table &lt;b&gt;.csv: training of" in html
    assert "x" * 30 not in html


def test_what_has_failed_or_was_interrupted_is_told_first():
    def box(test, majority, interrupted, *remarks):
        scores = {"train": {"accuracy": 0.75}, "test": {"accuracy": test}}
        results = {"majority": {"test": majority}, "remarks": remarks, "interrupted": interrupted}
        return outcome({**scores, **results, "epochs": 1_200, "epoch": 7}, 50)

    assert 'class="verdict good"' in box(0.9, 0.5, False)
    told = box(0.5, 0.66, False, "The accuracy is below.")
    assert 'class="verdict doubtful"' in told
    assert "<p>The accuracy is below.</p>" in told
    told = box(0.9, 0.5, True)
    assert 'class="verdict doubtful"' in told
    assert "after 1,200 epochs; this is the network of the best one, 7." in told
