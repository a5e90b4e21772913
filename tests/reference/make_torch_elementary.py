"""Write torch_elementary.json: PyTorch's GELU, SiLU and Softplus, losses, and initializers.

All in float64, with gradients from autograd. Run it in a separate environment:
`pip install torch==2.14.1 numpy`, then `python tests/reference/make_torch_elementary.py`. Each
case is drawn from a separate seed, made from its name, so that a new case changes no other.

PyTorch's MultiMarginLoss sums over all classes (Weston and Watkins). The loss of Crammer and
Singer, and the binary one, are written out here on torch tensors.
"""

import json
import math
import zlib
from pathlib import Path

import torch
from torch import nn
from torch.nn import init

torch.set_default_dtype(torch.float64)


def seed(name):
    """Seed torch for a case; the name is hashed by CRC-32, which is the same on every machine."""
    torch.manual_seed(zlib.crc32(name.encode()))


ACTIVATIONS = {
    "GELU()": nn.GELU(),
    "GELU(approximate=True)": nn.GELU(approximate="tanh"),
    "SiLU()": nn.SiLU(),
    "Softplus()": nn.Softplus(threshold=1000),  # nn.Softplus() is x itself above 20
}


def activation(name, module):
    seed(f"activation {name}")
    x = (torch.randn(6, 2, 3) * torch.tensor([0.5, 3.0, 12.0])).requires_grad_()
    y = module(x)
    cotangent = torch.randn(y.shape)
    y.backward(cotangent)
    return {"x": x, "y": y, "dy": cotangent, "dx": x.grad}


def binary_hinge(z, t):
    return torch.relu(1 - (2 * t - 1) * z).mean()


def crammer_singer(z, numbers):
    classes = z.movedim(1, -1)
    is_target = nn.functional.one_hot(numbers, classes.shape[-1]).bool()
    rival = classes.masked_fill(is_target, -torch.inf).amax(dim=-1)
    return torch.relu(1 + rival - classes[is_target].view(rival.shape)).mean()


def class_numbers(*shape, k):
    return torch.randint(k, shape)


def rows(*shape):
    return torch.randn(shape) * 3


# Of each loss, by its expression in minidl: criterion, prediction and targets. PyTorch has the
# classes in axis 1, so that its arrays of positions are moved.
LOSSES = [
    ("MeanAbsoluteError()", nn.L1Loss(), lambda: rows(6, 2), lambda: rows(6, 2)),
    ("MeanAbsoluteError()", nn.L1Loss(), lambda: rows(3, 4, 2), lambda: rows(3, 4, 2)),
    (
        "Poisson()",
        nn.PoissonNLLLoss(log_input=True),
        lambda: torch.randn(6, 2),
        lambda: torch.poisson(torch.full((6, 2), 2.0)),
    ),
    (
        "Poisson(log_input=False)",
        nn.PoissonNLLLoss(log_input=False, eps=0),
        lambda: torch.rand(6, 2) + 0.1,
        lambda: torch.poisson(torch.full((6, 2), 2.0)),
    ),
    ("Hinge()", binary_hinge, lambda: rows(9, 1), lambda: torch.randint(2, (9, 1)).double()),
    ("Hinge()", crammer_singer, lambda: rows(9, 4), lambda: class_numbers(9, k=4)),
    ("Hinge()", crammer_singer, lambda: rows(4, 3, 5), lambda: class_numbers(4, 5, k=3)),
    (
        "SigmoidCrossEntropy()",
        nn.BCEWithLogitsLoss(),
        lambda: rows(3, 4, 2),
        lambda: torch.randint(2, (3, 4, 2)).double(),
    ),
    (
        "SoftmaxCrossEntropy()",
        nn.CrossEntropyLoss(),
        lambda: rows(4, 3, 5),
        lambda: class_numbers(4, 5, k=3),
    ),
    (
        "SoftmaxCrossEntropy(label_smoothing=0.2)",
        nn.CrossEntropyLoss(label_smoothing=0.2),
        lambda: rows(4, 3, 5),
        lambda: class_numbers(4, 5, k=3),
    ),
]


def channels_last(tensor):
    return tensor.movedim(1, -1) if tensor.ndim == 3 else tensor


def loss(number, name, criterion, make_prediction, make_target):
    seed(f"loss {number} {name}")
    prediction, target = make_prediction().requires_grad_(), make_target()
    value = criterion(prediction, target)
    value.backward()
    moved = target.shape != prediction.shape
    place = channels_last if moved else lambda tensor: tensor
    return {
        "loss": name,
        "prediction": place(prediction.detach()),
        "target": target,
        "value": value,
        "gradient": place(prediction.grad),
    }


# By minidl's name; kernels have the shape (out, in, kh, kw) in PyTorch.
INITIALIZERS = {
    "HeUniform": lambda tensor: init.kaiming_uniform_(tensor, nonlinearity="relu"),
    "XavierUniform": init.xavier_uniform_,
    "He": lambda tensor: init.kaiming_normal_(tensor, nonlinearity="relu"),
}
SHAPES = [(7, 5), (6, 4, 3, 2)]


def initializer(name, draw):
    """Return the largest number and the mean square of a million that are drawn, per shape."""
    seed(f"initializer {name}")
    cases = []
    for shape in SHAPES:
        n_draws = 1_000_000 // math.prod(shape)
        numbers = torch.stack([draw(torch.empty(shape)) for _ in range(n_draws)])
        cases.append(
            {"shape": shape, "max": numbers.abs().max(), "variance": numbers.square().mean()}
        )
    return cases


def to_plain(value):
    return value.tolist() if isinstance(value, torch.Tensor) else str(value)


if __name__ == "__main__":
    reference = {
        "source": f"torch {torch.__version__}, float64, by make_torch_elementary.py",
        "activations": {name: activation(name, module) for name, module in ACTIVATIONS.items()},
        "losses": [loss(number, *case) for number, case in enumerate(LOSSES)],
        "initializers": {name: initializer(name, draw) for name, draw in INITIALIZERS.items()},
    }
    Path(__file__).with_name("torch_elementary.json").write_text(
        json.dumps(reference, default=to_plain, indent=None) + "\n"
    )
