"""The rules about members: a layer keeps its own, and computes with those of the model only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...layers.tree import MEMBERS_CURE, find_change, named_members
from ...parameters import Parameter
from ..parameter_reads import Member, recorded_reads
from .layer_run import LayerRun
from .rule import Rule


def _members_kept(run: LayerRun) -> str | None:
    harness = run.harness
    harness.forward(run.x.copy())
    harness.layer.backward(run.cotangent.copy())
    change = find_change(
        harness.sandbox.members[harness.number], dict(named_members(harness.layer, ""))
    )
    if change is None:
        return None
    path, verb = change
    return (
        "forward or backward change which layers, parameters and buffers it has: "
        f"{path.removeprefix('.')!r} is {verb}: {MEMBERS_CURE}"
    )


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
    Rule("members_kept", "no parameter or layer made anew", _members_kept),
    Rule("only_its_members_read", "only its own parameters read", _nothing_else_read),
)
