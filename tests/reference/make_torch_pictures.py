"""Write torch_pictures.json: what PyTorch computes for the layers of pictures, in float64.

Run it where torch is installed (`pip install torch==2.14.1 numpy`), as
`python tests/reference/make_torch_pictures.py`. Each case is drawn from a separate seed, made from
its name. Channels are last here and first in PyTorch, so that arrays are transposed on the way in
and out. Numbers are multiples of 1/8: some windows have two maxima, and the file stays small.
"""

import json
import zlib
from pathlib import Path

import torch
from torch import nn

torch.set_default_dtype(torch.float64)

# By the constructor in minidl: the module, and the shape of x.
CASES = {
    "Conv2D(2, 3, 3)": (lambda: nn.Conv2d(2, 3, 3), (2, 5, 6, 2)),
    "Conv2D(1, 2, (2, 3), padding=1)": (lambda: nn.Conv2d(1, 2, (2, 3), padding=1), (2, 4, 5, 1)),
    "Conv2D(2, 2, 3, stride=2, padding=1)": (
        lambda: nn.Conv2d(2, 2, 3, stride=2, padding=1),
        (2, 7, 6, 2),
    ),
    "Conv2D(1, 2, (3, 2), stride=(2, 3), padding=(0, 2), bias=False)": (
        lambda: nn.Conv2d(1, 2, (3, 2), stride=(2, 3), padding=(0, 2), bias=False),
        (2, 6, 8, 1),
    ),
    "Conv2D(2, 1, 3, padding=2, dilation=2)": (
        lambda: nn.Conv2d(2, 1, 3, padding=2, dilation=2),
        (2, 5, 6, 2),
    ),
    "Conv2D(1, 2, (2, 3), stride=(3, 2), padding=(3, 1), dilation=(2, 3))": (
        lambda: nn.Conv2d(1, 2, (2, 3), stride=(3, 2), padding=(3, 1), dilation=(2, 3)),
        (2, 7, 9, 1),
    ),
    "Conv2D(2, 3, 1)": (lambda: nn.Conv2d(2, 3, 1), (2, 3, 4, 2)),
    "Conv2D(2, 3, 1, stride=2)": (lambda: nn.Conv2d(2, 3, 1, stride=2), (2, 4, 5, 2)),
    'Conv2D(1, 2, (4, 3), padding="same", dilation=(1, 2))': (
        lambda: nn.Conv2d(1, 2, (4, 3), padding="same", dilation=(1, 2)),
        (2, 5, 6, 1),
    ),
    "Conv1D(2, 3, 3, stride=2, padding=1)": (
        lambda: nn.Conv1d(2, 3, 3, stride=2, padding=1),
        (2, 8, 2),
    ),
    'Conv1D(1, 2, 4, padding="same", dilation=2)': (
        lambda: nn.Conv1d(1, 2, 4, padding="same", dilation=2),
        (2, 9, 1),
    ),
    "MaxPool2D(2)": (lambda: nn.MaxPool2d(2), (2, 5, 6, 2)),
    "MaxPool2D(3, stride=2, padding=1)": (
        lambda: nn.MaxPool2d(3, stride=2, padding=1),
        (2, 6, 7, 2),
    ),
    "MaxPool2D((3, 2), stride=(1, 3))": (
        lambda: nn.MaxPool2d((3, 2), stride=(1, 3)),
        (2, 5, 8, 1),
    ),
    "AvgPool2D(2)": (lambda: nn.AvgPool2d(2), (2, 5, 6, 2)),
    "AvgPool2D(3, stride=2, padding=1)": (
        lambda: nn.AvgPool2d(3, stride=2, padding=1),
        (2, 6, 7, 2),
    ),
    "AvgPool2D((3, 2), stride=(1, 3))": (
        lambda: nn.AvgPool2d((3, 2), stride=(1, 3)),
        (2, 5, 8, 1),
    ),
    "GlobalAvgPool2D()": (
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        (2, 3, 4, 2),
    ),
    "Upsample2D(2)": (lambda: nn.Upsample(scale_factor=2), (2, 2, 3, 2)),
    "Upsample2D((2, 3))": (lambda: nn.Upsample(scale_factor=(2, 3)), (2, 2, 3, 1)),
}


def drawn(shape):
    return torch.randint(-16, 17, tuple(shape)) / 8


def channels_first(array):
    return array.movedim(-1, 1)


def channels_last(array):
    return array.movedim(1, -1)


def case(name, make_module, shape):
    torch.manual_seed(zlib.crc32(name.encode()))
    module, x = make_module(), drawn(shape).requires_grad_()
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.copy_(drawn(parameter.shape))
    y = channels_last(module(channels_first(x)))
    dy = drawn(y.shape)
    y.backward(dy)
    values = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    for inner, parameter in parameters.items():
        last = channels_last if inner == "weight" else torch.Tensor.clone
        values[inner] = {"value": last(parameter), "grad": last(parameter.grad)}
    return values


def to_plain(value):
    """Return the numbers of an array; whole ones are written without a point."""
    numbers = [int(v) if v == int(v) else v for v in value.detach().ravel().tolist()]
    return {"shape": list(value.shape), "numbers": numbers}


if __name__ == "__main__":
    reference = {
        "source": f"torch {torch.__version__.partition('+')[0]}, float64",
        "layers": {name: case(name, *arguments) for name, arguments in CASES.items()},
    }
    Path(__file__).with_name("torch_pictures.json").write_text(
        json.dumps(reference, default=to_plain, separators=(",", ":")) + "\n"
    )
