"""The part of the page that plants a mistake into a backward pass, and lets the checker find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any

from bokeh.models import Button, Div

from ..errors import MinidlError
from ..escaping import escaped, escaped_lines
from ..gradcheck.report.report import Report
from .controls import select
from .mistakes import Mistake
from .playground import Playground
from .settings import Settings

NO_MISTAKE = "none: the backward pass is right"
WRITTEN_TO = {"weight": "weight.grad", "bias": "bias.grad", "input": "dx"}
OUTCOMES = {
    "failed": "A gradient is wrong",
    "ok": "All gradients are right",
    "unresolved": "Some gradients could be shown neither right nor wrong",
}


class BreakPanel:
    """The widgets for a mistake and for the check.

    Parameters
    ----------
    playground : Playground
        What the tab plays with.

    Attributes
    ----------
    layer, mistake : bokeh.models.Select
        In which layer which mistake is made.
    code, result : bokeh.models.Div
        The line with the mistake; what the checker has found.
    check : bokeh.models.Button
        Begins the check.
    """

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self.layer = select("Layer", [], "", name="layer")
        self.mistake = select("Mistake", [], "", name="mistake")
        self.code = Div(name="code", sizing_mode="stretch_width")
        self.check = Button(label="Check the gradients", button_type="primary", name="check")
        self.result = Div(name="result", sizing_mode="stretch_width")
        self.show_layers()
        self.layer.on_change("value", lambda name, old, new: self._show_mistakes())

    def on_settings(self, callback: Callable[[], None]) -> None:
        """Call a function whenever another mistake is chosen."""
        for widget in (self.layer, self.mistake):
            widget.on_change("value", lambda name, old, new: callback())

    def apply(self, settings: Settings) -> Settings:
        """Return settings with the mistake that is chosen."""
        if not self.mistake.value:
            return settings
        return replace(settings, broken=int(self.layer.value), mistake=self.mistake.value)

    def show_layers(self) -> None:
        """Offer the layers of the network; the chosen one stays if there is one of its number."""
        layers = {str(number): name for number, name in self._playground.breakable_layers().items()}
        self.layer.options = list(layers.items())
        if self.layer.value not in layers:
            self.layer.value = min(layers, key=int)
        self._show_mistakes()

    def _show_mistakes(self) -> None:
        mistakes = self._playground.mistakes(int(self.layer.value))
        self.mistake.options = [("", NO_MISTAKE), *((title, title) for title in mistakes)]
        if self.mistake.value not in mistakes:
            self.mistake.value = ""
        self.code.text = code_of(mistakes.get(self.mistake.value))

    def show_checking(self) -> None:
        """Say that the check runs."""
        self.check.disabled = True
        self.result.text = "<p>The checker is at work.</p>"

    def show_found(self, found: Report | MinidlError | None) -> None:
        """Show what the checker has found.

        Parameters
        ----------
        found : Report, MinidlError or None
            The report, or why there is none. None after the network has changed.
        """
        self.check.disabled = False
        if found is None:
            self.result.text = ""
        elif isinstance(found, Report):
            self.result.text = html_of(found)
        else:
            self.result.text = f"<p class='problem'>{escape(escaped(str(found)))}</p>"


def code_of(mistake: Mistake | None) -> str:
    """Return the line of the backward pass with a mistake, beside the right one, as HTML."""
    if mistake is None:
        return "<p>Choose a mistake: the training begins anew with it, from the same weights.</p>"
    name = WRITTEN_TO[mistake.array]
    return (
        f"<pre><del>{escape(f'{name} = {mistake.right}')}</del>\n"
        f"<ins>{escape(f'{name} = {mistake.wrong}')}</ins></pre>"
    )


def html_of(report: Report) -> str:
    """Return what a report says as HTML: the outcome, the place, the diagnosis, and all of it."""
    guilty: Any = report.guilty
    lines = [f"<p class={report.status!r}><strong>{OUTCOMES[report.status]}</strong>"]
    if guilty:
        lines.append(f": <strong>{escape(escaped(guilty.location))}</strong></p>")
        lines.append(f"<p>{escape(escaped(guilty.diagnosis))}</p>")
    else:
        lines.append(f", in {len(report.checks)} comparisons.</p>")
        if report.mutation_score:
            found, injected = report.mutation_score
            lines.append(
                f"<p>To show that it could have found a mistake, the checker has made {injected} "
                f"of its own and found {found}.</p>"
            )
    text = escape(escaped_lines(report.text(colour=False)))
    lines.append(
        "<details><summary>The whole report</summary>"
        f"<pre tabindex='0' role='region' aria-label='Report'>{text}</pre></details>"
    )
    return "".join(lines)
