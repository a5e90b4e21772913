"""The page of one browser tab: its widgets and figures follow its playground, and the reverse."""

from __future__ import annotations

import threading
from functools import partial
from html import escape
from importlib.resources import files
from typing import Any

from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import Button, CustomJS, Div, InlineStyleSheet

from ..errors import ArgumentError, MinidlError
from ..escaping import escaped
from ..gradcheck.report.report import Report
from .break_panel import BreakPanel
from .controls import Controls
from .figures import Figures
from .pictures import COLOURS
from .playground import Playground, Sets
from .session import Progress, TrainingSession

FRAME_MILLISECONDS = 100
TITLE = "minidl play"
LOST = """
status.text = "<p class='problem'>The page has lost its server.<br>Start minidl play again.</p>"
"""


class Page:
    """A tab.

    Parameters
    ----------
    document : bokeh.document.Document
        What Bokeh shows in the tab.
    sets : mapping of str to callable
        The functions that return the sets to choose from.

    Attributes
    ----------
    document : bokeh.document.Document
        What Bokeh shows in the tab.
    playground : Playground
        What the tab plays with.
    controls, breaking : Controls, BreakPanel
        The widgets of the settings, those of the mistake and the check.
    start, step, reset : bokeh.models.Button
        The buttons of the training.
    status : bokeh.models.Div
        What the training has reached, or why it has ended.
    figures : Figures
        The figures.
    """

    def __init__(self, document: Document, sets: Sets) -> None:
        self.document = document
        self.playground = Playground(sets)
        self.controls = Controls(sets, self.playground.settings)
        self.breaking = BreakPanel(self.playground)
        self.figures = Figures()
        self.start = Button(label="Start", button_type="primary", name="start")
        self.step = Button(label="One batch", name="step")
        self.reset = Button(label="Reset", name="reset")
        self.status = Div(name="status", sizing_mode="stretch_width")
        self._legend = Div(name="legend", sizing_mode="stretch_width")
        self._problem = ""
        self._show_set()
        self._connect()
        self.refresh()
        self._build()

    def close(self) -> None:
        """End the training: nobody sees it any more."""
        self.playground.close()

    def refresh(self) -> None:
        """Draw what the training has reached, if that has changed."""
        session = self.playground.session
        drawing = self.playground.drawing()
        if drawing is not None:
            self.figures.show(drawing, self.playground.earlier)
            self._drawn = drawing.progress
        self._set(self.start, "label", "Pause" if session.is_running else "Start")
        self._set(self.status, "text", self._status_line(self._drawn))

    def _status_line(self, progress: Progress) -> str:
        problem = self._problem or self.playground.session.problem
        if problem:
            return f"<p class='problem'>{_html(problem)}</p>"
        if not progress.batch:
            return "<p>Not trained yet.<br>Press Start, or train batch by batch.</p>"
        line = f"Epoch {progress.epoch:,}, batch {progress.batch} of {progress.batches}"
        losses = f"loss of this batch {progress.batch_loss:.4f}"
        if progress.epochs:
            last = progress.epochs - 1
            losses = f"loss {progress.loss[last]:.4f}, validation {progress.val_loss[last]:.4f}"
        return f"<p>{line}<br>{losses}</p>"

    @staticmethod
    def _set(widget: Any, name: str, value: str) -> None:
        if getattr(widget, name) != value:  # each assignment would be sent to the browser
            setattr(widget, name, value)

    def _connect(self) -> None:
        controls, playground = self.controls, self.playground
        controls.dataset.on_change("value", lambda name, old, new: self._choose_set(new))
        for axis in (controls.x_axis, controls.y_axis):
            axis.on_change("value", lambda name, old, new: self._choose_features())
        controls.on_settings(self._choose_settings)
        self.breaking.on_settings(self._choose_settings)
        controls.speed.on_change(
            "value", lambda name, old, new: playground.choose_speed(controls.epochs_per_second)
        )
        self.start.on_click(self._toggle)
        self.step.on_click(self._train_batch)
        self.reset.on_click(self._reset)
        self.breaking.check.on_click(self._check)

    def _choose_set(self, name: str) -> None:
        self.playground.choose_set(name)
        self._show_set()
        self._choose_settings()

    def _show_set(self) -> None:
        points = self.playground.points
        self.controls.show_features(points)
        names = [
            f"<li><span style='background: {COLOURS[k % len(COLOURS)]}'></span>{_html(name)}</li>"
            for k, name in enumerate(points.classes)
        ]
        other = "<p>The other columns are at their mean.</p>" if len(points.features) > 2 else ""
        self._legend.text = f"<ul>{''.join(names)}</ul>{other}"
        self.figures.show_examples(points, self.playground.plane, (0, 1))

    def _choose_features(self) -> None:
        features = self.controls.features
        self.playground.choose_features(*features)
        self.figures.show_examples(self.playground.points, self.playground.plane, features)
        self.refresh()

    def _choose_settings(self) -> None:
        self._problem = ""
        try:
            chosen = self.controls.settings()
        except ArgumentError as error:
            self._problem = str(error)
        else:
            self.playground.choose_settings(self.breaking.apply(chosen))
            self.breaking.show_layers()
            self.breaking.show_found(None)
        self.refresh()

    def _toggle(self) -> None:
        session = self.playground.session
        if session.is_running:
            session.pause()
        else:
            session.start()
        self.refresh()

    def _train_batch(self) -> None:
        self.playground.session.step()

    def _reset(self) -> None:
        self.playground.reset()
        self.breaking.show_found(None)
        self.refresh()

    def _check(self) -> None:
        """Check in a thread of its own: the page goes on, and other tabs do."""
        self.breaking.show_checking()
        session = self.playground.session

        def check() -> None:
            try:
                found: Report | MinidlError = session.check()
            except MinidlError as error:
                found = error
            self.document.add_next_tick_callback(partial(self._show_found, session, found))

        threading.Thread(target=check, name="minidl play: check", daemon=True).start()

    def _show_found(self, session: TrainingSession, found: Report | MinidlError) -> None:
        if session is self.playground.session:  # else another check may have been asked for
            self.breaking.show_found(found)

    def _build(self) -> None:
        document, figures = self.document, self.figures
        breaking = self.breaking
        divs = (self.status, self._legend, breaking.code, breaking.result)
        buttons = (self.start, self.step, self.reset, breaking.check)
        sheet = InlineStyleSheet(css=_text("widgets.css"))
        for widget in (*divs, *buttons, *self.controls.widgets, breaking.layer, breaking.mistake):
            widget.stylesheets = [sheet]  # before Bokeh follows what belongs to the document
        roots = {
            "controls": column(*self.controls.widgets, sizing_mode="stretch_width"),
            "buttons": row(self.start, self.step, self.reset, sizing_mode="stretch_width"),
            "choice": column(breaking.layer, breaking.mistake, sizing_mode="stretch_width"),
            **{each.name: each for each in (*divs, figures.plane, figures.loss, figures.units)},
            "check": breaking.check,
        }
        for name, root in roots.items():
            root.name = name
            document.add_root(root)
        document.title = TITLE
        document.template = _text("page.html")
        document.js_on_event("document_ready", figures.follow_scheme())
        document.js_on_event("connection_lost", CustomJS(args={"status": self.status}, code=LOST))
        document.add_periodic_callback(self.refresh, FRAME_MILLISECONDS)
        document.on_session_destroyed(lambda context: self.close())


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _html(text: str) -> str:
    return escape(escaped(text))
