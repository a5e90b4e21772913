"""Write torch_training.json: PyTorch's ReduceLROnPlateau, and trainings with frozen layers.

All in float64. Run it in a separate environment: `pip install torch==2.14.1 numpy`, then
`python tests/reference/make_torch_training.py`. Frozen are parameters without `requires_grad`, and
batch normalization in `eval` besides.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)

PLATEAUS = [
    {"factor": 0.7, "patience": 2},
    {"factor": 0.5, "patience": 1, "cooldown": 3},
    {"factor": 0.1, "patience": 1, "min_delta": 0.5, "relative": False, "cooldown": 1},
    {"factor": 0.3, "patience": 3, "min_delta": 0.1, "min_learning_rate": 0.02},
    {"factor": 0.5, "patience": 2, "monitor": "val_f1"},
    {"factor": 0.5, "patience": 2, "monitor": "val_f1", "min_delta": 0.05, "relative": False},
    {"factor": 0.6, "patience": 1, "monitor": "r2", "min_delta": 0.01, "cooldown": 2},
]
MAXIMIZED = ("val_f1", "r2")


def plateau(number, arguments):
    rng = np.random.default_rng(number)
    values = np.cumsum(rng.standard_normal(80)) / 5 + np.linspace(4, 0, 80)
    if arguments.get("monitor") == "r2":
        values -= 2.0  # also negative ones
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="max" if arguments.get("monitor") in MAXIMIZED else "min",
        factor=arguments["factor"],
        patience=arguments["patience"],
        threshold=arguments.get("min_delta", 1e-4),
        threshold_mode="rel" if arguments.get("relative", True) else "abs",
        cooldown=arguments.get("cooldown", 0),
        min_lr=arguments.get("min_learning_rate", 0.0),
    )
    values, rates = values.round(2).tolist(), []
    for value in values:
        reference.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return {"arguments": arguments, "values": values, "rates": rates}


OPTIMIZERS = {
    "Momentum": lambda p: torch.optim.SGD(p, lr=0.05 * 0.1, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.02),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "RMSProp": lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-8),
}
CLIP_NORM, L2, STEPS = 0.3, 0.5, 6
PHASES = [[0], [0, 2], [0, 2, 4], [4]]  # the frozen layers, one training after the other


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, 1)
    )


def theta(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()


def training(make_optimizer, x, y):
    """Train in phases; the optimizer is a new one where a layer is set free again."""
    model = network()
    result = {"thetas": [theta(model)], "running": []}
    for number, frozen in enumerate(PHASES):
        for i, layer in enumerate(model):
            layer.requires_grad_(i not in frozen)
            layer.train(i not in frozen)
        if number in (0, 3):
            optimizer = make_optimizer(model.parameters())
        for _ in range(STEPS):
            optimizer.zero_grad()
            weights = sum((p**2).sum() for p in model.parameters() if p.ndim > 1)
            (((model(x) - y) ** 2).mean() + L2 / (2 * len(x)) * weights).backward()
            gradients = [p.grad for p in model.parameters() if p.requires_grad]
            norm = torch.cat([g.flatten() for g in gradients]).norm()
            if norm > CLIP_NORM:
                for gradient in gradients:
                    gradient *= CLIP_NORM / norm
            optimizer.step()
        result["thetas"].append(theta(model))
        result["running"].append([model[4].running_mean.tolist(), model[4].running_var.tolist()])
    return result


def main():
    torch.manual_seed(1)
    x, y = torch.randn(20, 3), torch.randn(20, 1)
    reference = {
        "plateaus": [plateau(i, arguments) for i, arguments in enumerate(PLATEAUS)],
        "frozen": {
            "x": x.tolist(),
            "y": y.tolist(),
            "phases": PHASES,
            "trainings": {name: training(make, x, y) for name, make in OPTIMIZERS.items()},
        },
    }
    path = Path(__file__).with_name("torch_training.json")
    path.write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
