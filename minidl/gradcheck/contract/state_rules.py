"""The rule about state: what a layer keeps, and its output depends on, is in its buffers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ...layers.hidden_state import HiddenState, find_hidden_state
from .layer_run import LayerRun
from .rule import Rule


def has_hidden_state(run: LayerRun) -> bool:
    """Return whether the output depends on what a step of training stores in attributes."""
    return bool(_find_state(run))


def _find_state(run: LayerRun) -> list[HiddenState]:
    harness = run.harness
    training = replace(harness, training=True)

    def train() -> None:
        with suppress(Exception):  # other rules report what raises
            training.fresh_gradients(run.other_x, run.cotangent)

    harness.sandbox.reset(harness.layer)
    return find_hidden_state([harness.layer], lambda: harness.fresh_output(run.x), train)


def _no_state_but_buffers(run: LayerRun) -> str | None:
    if run.harness.training or not run.harness.is_custom:
        return None  # tested with the harness of inference, and in minidl's own tests
    found = _find_state(run)
    if not found:
        return None
    places = " and ".join(map(_describe_place, found))
    return (
        "with the same parameters and buffers it gives another output after a step of training, "
        f"because of {places}, which would never be saved: {found[0].cure}"
    )


def _describe_place(state: HiddenState) -> str:
    inner_path = state.path.partition(".")[2]
    return f"{state.name!r} of its layer {inner_path}" if inner_path else f"{state.name!r}"


STATE_RULES: tuple[Rule[LayerRun], ...] = (
    Rule("no_state_but_buffers", "no state but buffers", _no_state_but_buffers),
)
