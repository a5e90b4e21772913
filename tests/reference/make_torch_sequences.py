"""Write torch_sequences.json: what PyTorch computes for recurrent layers and embeddings.

All in float64, with gradients from autograd. Run it in a separate environment, for torch is far
too heavy for the tests: `pip install torch numpy`, then
`python tests/reference/make_torch_sequences.py`. Each case is drawn from a separate seed, made
from its name, so that a new case changes no other. The parameters have PyTorch's names and shapes.

Sequences of different lengths are packed (`pack_padded_sequence`); they are 0 where they are
padded. The initial state and cell are vectors, which all examples share.
"""

import json
import zlib
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

M, T, D, H = 3, 4, 3, 2
LENGTHS = [3, 4, 1]
KINDS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
OPTIONS = {"plain": {}, "padded, learned": {"padded": True, "learned": True}}
torch.set_default_dtype(torch.float64)


def recurrent(kind, *, padded=False, learned=False, sequences=True):
    module = KINDS[kind](D, H, batch_first=True)
    x = torch.randn(M, T, D)
    if padded:
        x *= (torch.arange(T) < torch.tensor(LENGTHS)[:, None])[..., None]
    x.requires_grad_()
    states = {}
    if learned:
        names = ["initial_state", "initial_cell"] if kind == "LSTM" else ["initial_state"]
        states = {name: torch.randn(H).requires_grad_() for name in names}
    initial = [state.expand(1, M, H).contiguous() for state in states.values()]
    given = x
    if padded:
        given = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    arguments = (tuple(initial) if kind == "LSTM" else initial[0],) if learned else ()
    y, last = module(given, *arguments)
    if padded:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=T)
    if not sequences:
        y = (last[0] if kind == "LSTM" else last)[0]
    dy = torch.randn(y.shape)
    y.backward(dy)
    parameters = {
        name: {"value": p, "grad": p.grad}
        for name, p in [*module.named_parameters(), *states.items()]
    }
    return {"x": x, "y": y, "dy": dy, "dx": x.grad, "parameters": parameters}


def embedding(padding):
    module = nn.Embedding(5, H, padding_idx=padding)
    x = torch.randint(5, (M, T))
    y = module(x)
    dy = torch.randn(y.shape)
    y.backward(dy)
    return {"x": x, "y": y, "dy": dy, "weight": module.weight, "grad": module.weight.grad}


def cases():
    for kind in KINDS:
        for name, options in OPTIONS.items():
            for output in ("sequences", "last"):
                yield (
                    f"{kind}, {name}, {output}",
                    recurrent,
                    {"kind": kind, **options, "sequences": output == "sequences"},
                )
    for padding in (None, 2):
        yield f"Embedding, padding={padding}", embedding, {"padding": padding}


def made(name, make, options):
    torch.manual_seed(zlib.crc32(name.encode()))  # the same on every machine
    return {"options": options, **make(**options)}


def to_plain(tensor):
    return tensor.tolist()


if __name__ == "__main__":
    reference = {
        "source": f"torch {torch.__version__}, float64, by make_torch_sequences.py",
        "cases": {name: made(name, make, options) for name, make, options in cases()},
    }
    Path(__file__).with_name("torch_sequences.json").write_text(
        json.dumps(reference, default=to_plain, indent=None) + "\n"
    )
