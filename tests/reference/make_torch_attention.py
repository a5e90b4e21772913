"""Write torch_attention.json: what PyTorch computes for self-attention.

All in float64, with gradients from autograd. Run it in a separate environment:
`pip install torch==2.14.1 numpy`, then `python tests/reference/make_torch_attention.py`.
"""

import json
import zlib
from pathlib import Path

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
CASES = [(4, 1, False), (4, 2, True), (6, 3, False), (6, 2, True)]
PADDED = [(4, 2, False, [2, 4]), (3, 1, True, [4, 1])]  # with the lengths
NAMES = {
    "weight": "in_proj_weight",
    "bias": "in_proj_bias",
    "out_weight": "out_proj.weight",
    "out_bias": "out_proj.bias",
}


def attention(features, heads, causal, lengths=None):
    """Return what goes into a layer, and what comes out of it forward and backward.

    Padding is 0 in x, in y and in the weights of the positions that are padding: PyTorch leaves
    numbers there, which no loss reads.
    """
    words = [features, heads, causal, *([] if lengths is None else lengths)]
    torch.manual_seed(zlib.crc32(" ".join(map(str, words)).encode()))
    module = nn.MultiheadAttention(features, heads, batch_first=True)
    parameters = dict(module.named_parameters())
    for parameter in parameters.values():
        parameter.data = torch.randn(parameter.shape)
    t = 5 if lengths is None else 4
    is_step = torch.arange(t) < torch.tensor(lengths or [t, t])[:, None]
    x = (torch.randn(2, t, features) * is_step[..., None]).requires_grad_()
    causal_mask = torch.ones(t, t, dtype=torch.bool).triu(1) if causal else None
    y, weights = module(
        x, x, x, attn_mask=causal_mask, key_padding_mask=~is_step, average_attn_weights=False
    )
    y, weights = y * is_step[..., None], weights * is_step[:, None, :, None]
    dy = torch.randn(y.shape)
    y.backward(dy)
    case = {"features": features, "heads": heads, "causal": causal, "x": x, "y": y, "dy": dy}
    case |= {"skip_padding": lengths is not None, "dx": x.grad, "attention": weights}
    for name, theirs in NAMES.items():
        case[name] = {"value": parameters[theirs], "grad": parameters[theirs].grad}
    return case


def plain(value):
    """Return tensors as nested lists, in dictionaries too."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value.detach().tolist() if isinstance(value, torch.Tensor) else value


if __name__ == "__main__":
    made = [plain(attention(*case)) for case in CASES + PADDED]
    path = Path(__file__).with_name("torch_attention.json")
    path.write_text(json.dumps({"torch": torch.__version__, "cases": made}) + "\n")
