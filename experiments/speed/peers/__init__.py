"""What is measured: one file per peer, each of which trains and predicts the same networks.

A peer's module offers `version()`, and `train(workload)` or `predict(workload)` or both: these
prepare everything and return a callable that runs n epochs, or n predictions of all rows, and
returns when they are finished. Instead, a peer of `layers` offers `measure(name)`, for a layer or
a training step, and its callable has `facts`. It is imported only in the process of its peer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A library: its title in tables, its module, arguments of its functions, how to install it."""

    title: str
    module: str
    arguments: dict[str, Any] = field(default_factory=dict)
    install: str = ""


_PEERS = 'pip install -e ".[peers]"'

PEERS = {
    "products": Peer("matrix products alone", f"{__name__}.products"),
    "minidl": Peer("minidl", f"{__name__}.minidl_net"),
    "fast": Peer(
        "minidl[fast]", f"{__name__}.minidl_net", {"fast": True}, 'pip install -e ".[fast]"'
    ),
    "jax": Peer("jax, weights (in, out)", f"{__name__}.jax_net", {}, _PEERS),
    "jax-oi": Peer("jax, weights (out, in)", f"{__name__}.jax_net", {"out_in": True}, _PEERS),
    "jax-scan": Peer(
        "jax, whole epoch compiled", f"{__name__}.jax_net", {"out_in": True, "scan": True}, _PEERS
    ),
    "torch": Peer("torch", f"{__name__}.torch_net", install=_PEERS),
    "sklearn": Peer("scikit-learn", f"{__name__}.sklearn_net", install=_PEERS),
    "notes": Peer("the notes' loop", f"{__name__}.notes_loop"),
}
TRAINERS = tuple(PEERS)
PREDICTORS = ("products", "minidl", "jax", "jax-oi", "torch", "sklearn")
LAYER_PEERS = {
    "minidl": Peer("minidl", f"{__name__}.minidl_layers"),
    "fast": Peer(
        "minidl[fast]", f"{__name__}.minidl_layers", {"fast": True}, 'pip install -e ".[fast]"'
    ),
    "torch": Peer("torch", f"{__name__}.torch_layers", install=_PEERS),
    "usual": Peer("usual", f"{__name__}.usual_numpy"),
}
