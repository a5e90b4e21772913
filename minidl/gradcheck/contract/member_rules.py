"""The rule about members: a layer computes with the parameters and buffers of the model only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...parameters import Parameter
from ..parameter_reads import Member, recorded_reads
from .layer_run import LayerRun
from .rule import Rule


def _nothing_else_read(run: LayerRun) -> str | None:
    harness = run.harness
    calls: dict[str, Callable[[], object]] = {
        "forward": partial(harness.forward, run.x.copy()),
        "backward": partial(harness.layer.backward, run.cotangent.copy()),
    }
    for name, call in calls.items():
        with recorded_reads() as reads:
            call()
        for member in reads:
            if not harness.sandbox.contains(member):
                return f"{name} reads {member}, {_consequence_and_cure(member)}"
    return None


def _consequence_and_cure(member: Member) -> str:
    kind = type(member).__name__
    if member.in_model:
        return f"which belongs to another layer or model: give the layer a {kind} of its own"
    verb = "trained" if isinstance(member, Parameter) else "saved"
    return (
        f"which is not found in the layer, so it is never {verb}: create it in __init__ and store "
        "it in an attribute, list, tuple or dict of the layer"
    )


MEMBER_RULES: tuple[Rule[LayerRun], ...] = (
    Rule("only_its_members_read", "only its own parameters read", _nothing_else_read),
)
