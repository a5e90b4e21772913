"""The widgets of a mistake and of the check."""

import pytest

pytest.importorskip("bokeh")

from minidl import ShapeError, check_gradients
from minidl.play.break_panel import BreakPanel, code_of, html_of
from minidl.play.mistakes import MISTAKES
from minidl.play.settings import Settings


@pytest.fixture
def panel(playground):
    return BreakPanel(playground)


def test_at_first_nothing_is_broken(panel):
    assert panel.apply(Settings()) == Settings()
    assert panel.layer.value == "0"
    assert [value for value, _ in panel.layer.options] == ["0", "1", "2", "3", "4"]
    assert "Choose a mistake" in panel.code.text


def test_a_mistake_of_a_layer_is_chosen(panel):
    panel.layer.value = "2"
    panel.mistake.value = "weight: transposed"
    assert panel.apply(Settings()) == Settings(broken=2, mistake="weight: transposed")
    panel.show_layers()
    assert "weight.grad = x.T @ dy" in panel.code.text
    panel.layer.value = "0"  # which is not square
    assert panel.mistake.value == ""


def test_layers_follow_the_settings(panel, playground):
    panel.layer.value = "4"
    playground.choose_settings(Settings(widths=(3,)))
    panel.show_layers()
    assert panel.layer.value == "0"
    assert len(panel.layer.options) == 3


def test_code_is_escaped():
    mistake = next(iter(MISTAKES.values()))[0]
    code = code_of(mistake._replace(wrong="dy < 0"))
    assert "<ins>weight.grad = dy &lt; 0</ins>" in code
    assert "<del>weight.grad = dy.T @ x</del>" in code


def test_a_report_is_shown_with_place_and_diagnosis(panel):
    report = check_gradients(
        lambda p: p["<b>"] ** 2, lambda p: {"<b>": -2 * p["<b>"]}, {"<b>": 2.0}
    )
    panel.show_checking()
    assert panel.check.disabled
    panel.show_found(report)
    assert not panel.check.disabled
    text = panel.result.text
    assert "A gradient is wrong" in text
    assert "the sign is wrong" in text
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_right_network_tells_how_many_bugs_would_have_been_found(panel, playground):
    playground.choose_settings(Settings(widths=(2,)))
    found, injected = playground.check().mutation_score
    text = html_of(playground.check())
    assert "All gradients are right" in text
    assert f"has made {injected} of its own and found {found}" in text


def test_an_error_is_shown_and_what_is_of_another_network_is_not(panel):
    panel.show_found(ShapeError("<i>"))
    assert panel.result.text == "<p class='problem'>&lt;i&gt;</p>"
    panel.show_found(None)
    assert panel.result.text == ""
