"""Write torch_float32.safetensors, torch_float64.safetensors and torch.json.

They hold the weights of a torch.nn.Sequential and its outputs. Run this script in a separate
environment, because torch is too heavy for the tests: `pip install torch==2.13.0 safetensors==0.8.0
numpy`, then `python tests/exchange/recorded/make_recorded.py`.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent
torch.manual_seed(0)

net = nn.Sequential(
    nn.Flatten(),
    nn.Linear(6, 5),
    nn.ReLU(),
    nn.Dropout(0.5),
    nn.Linear(5, 4, bias=False),
    nn.LeakyReLU(0.1),
    nn.Linear(4, 4),
    nn.Tanh(),
    nn.Linear(4, 3),
    nn.Softmax(dim=-1),
).eval()
X = torch.randn(7, 2, 3, dtype=torch.float64)
answers = {}
with torch.no_grad():
    for dtype in (torch.float32, torch.float64):
        name = str(dtype).removeprefix("torch.")
        save_file(net.to(dtype).state_dict(), HERE / f"torch_{name}.safetensors")
        answers[name] = net(X.to(dtype)).tolist()
(HERE / "torch.json").write_text(json.dumps({"X": X.tolist(), "Y": answers}, indent=1) + "\n")
