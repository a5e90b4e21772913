"""Write torch_normalization.json: what PyTorch computes for BatchNorm and LayerNorm.

All in float64, with gradients from autograd. Run it in a separate environment:
`pip install torch==2.14.1 numpy`, then `python tests/reference/make_torch_normalization.py`.
PyTorch has the channels in axis 1, so arrays of more axes are moved there and back.
"""

import json
import zlib
from pathlib import Path

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
BATCH_NORMS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}
SHAPES = [(5, 3), (4, 2, 3), (3, 2, 2, 4)]
KEYWORDS = [{}, {"momentum": 0.3, "epsilon": 0.01}]


def seed(name):
    """Seed torch for a case; the name is hashed by CRC-32, which is the same on every machine."""
    torch.manual_seed(zlib.crc32(name.encode()))


def drawn(module, shape):
    """Return a random input and cotangent, after moving the parameters away from 1 and 0."""
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape)
    return torch.randn(shape).mul(2).add(1).requires_grad_(), torch.randn(shape)


def results(module, y, x, dy):
    x.grad = None
    module.zero_grad()
    y.backward(dy)
    gradients = {name: p.grad for name, p in module.named_parameters()}
    return {"y": y, "dx": x.grad, **{f"d {name}": grad for name, grad in gradients.items()}}


def batch_norm(shape, keywords):
    options = {"eps" if name == "epsilon" else name: value for name, value in keywords.items()}
    module = BATCH_NORMS[len(shape)](shape[-1], **options)
    x, dy = drawn(module, shape)

    def forward():
        return module(x.movedim(-1, 1)).movedim(1, -1)

    case = {"x": x, "dy": dy, "weight": module.weight, "bias": module.bias}
    case["training"] = results(module, forward(), x, dy)
    case |= {"running_mean": module.running_mean, "running_var": module.running_var}
    module.eval()
    case["inference"] = results(module, forward(), x, dy)
    return case


def layer_norm(shape, keywords):
    options = {"eps": keywords["epsilon"]} if keywords else {}
    module = nn.LayerNorm(shape[-1], **options)
    x, dy = drawn(module, shape)
    case = {"x": x, "dy": dy, "weight": module.weight, "bias": module.bias}
    return case | {"inference": results(module, module(x), x, dy)}


def cases(make, name):
    for shape in SHAPES:
        for keywords in KEYWORDS:
            seed(f"{name} {shape} {keywords}")
            kept = (
                keywords
                if name == "BatchNorm"
                else {k: keywords[k] for k in keywords if k == "epsilon"}
            )
            yield {"layer": name, "features": shape[-1], "keywords": kept, **make(shape, keywords)}


def plain(value):
    """Return tensors as nested lists, in dictionaries and lists too."""
    if isinstance(value, torch.Tensor):
        return value.detach().tolist()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    made = [*cases(batch_norm, "BatchNorm"), *cases(layer_norm, "LayerNorm")]
    path = Path(__file__).with_name("torch_normalization.json")
    path.write_text(json.dumps({"torch": torch.__version__, "cases": plain(made)}) + "\n")
