"""The server of docs/prediction.md, started as the page says, gets real requests."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from child_processes import running
from pages import code_blocks, is_same_output

from minidl import BinaryCrossEntropy, Linear, ReLU, Sequential, Sigmoid
from minidl.exchange import export_onnx

for library in ("fastapi", "uvicorn", "onnxruntime"):
    pytest.importorskip(library)

pytestmark = pytest.mark.no_cover

BLOCKS = code_blocks(Path(__file__).resolve().parents[1] / "docs" / "prediction.md")
ROWS = np.random.default_rng(0).standard_normal((600, 2)).astype(np.float32)
LAYERS = [Linear(2, 16), ReLU(), Linear(16, 1), Sigmoid()]
MODEL = Sequential(LAYERS, loss=BinaryCrossEntropy(), seed=1)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (server,) = [block.code for block in BLOCKS if "FastAPI()" in block.code]
    (folder / "server.py").write_text(server, encoding="utf-8")
    export_onnx(MODEL, folder / "model.onnx")
    command = [sys.executable, "-m", "uvicorn", "server:app", "--port", "0", "--no-access-log"]
    with running(command, cwd=folder, stderr=subprocess.PIPE) as process:
        started = [re.search("running on (http://[0-9.:]+)", line) for line in lines_of(process)]
        yield f"{started[-1][1]}/predict"


def lines_of(process):
    """Yield what a server says until it runs."""
    for line in process.stderr:
        yield line
        if "running on" in line:
            return


def post(url, body):
    """Return the status and the answer."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_many_requests_at_once_get_the_outputs_of_the_model(url):
    parts = np.split(ROWS, 30)
    with ThreadPoolExecutor(8) as pool:
        bodies = [json.dumps({"rows": rows.tolist()}) for rows in parts]
        answers = list(pool.map(lambda body: post(url, body), bodies))
    assert [status for status, _ in answers] == [200] * 30
    outputs = np.concatenate([answer["outputs"] for _, answer in answers])
    np.testing.assert_allclose(outputs, MODEL.predict(ROWS), atol=1e-6)


def test_the_request_of_the_page_gets_the_answer_of_the_page(url):
    (block,) = [block for block in BLOCKS if block.code.startswith("uvicorn server:app")]
    status, answer = post(url, re.search("-d '(.+)'", block.code)[1])
    assert status == 200
    shown = json.dumps(answer, separators=(",", ":"))
    assert is_same_output(f"{shown}\n", block.expected_output)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"rows": [[1, 2, 3]]}', "rows must be lists of 2 numbers, got rows of [3]"),
        ('{"rows": [[1, 2], []]}', "rows must be lists of 2 numbers, got rows of [0, 2]"),
        ('{"rows": []}', "rows must be lists of 2 numbers, got no row"),
        ('{"rows": [[1, NaN]]}', "rows must be finite numbers, at most 3.4e38"),
        ('{"rows": [[1, 1e39]]}', "rows must be finite numbers, at most 3.4e38"),
        ('{"rows": [["tall", 2]]}', "Input should be a valid number"),
        ('{"row": [[1, 2]]}', "Field required"),
        ('{"rows": [[1, 2', "JSON decode error"),
    ],
)
def test_what_is_wrong_with_a_request_is_a_sentence(url, body, sentence):
    status, answer = post(url, body)
    assert status == 422
    assert sentence in json.dumps(answer)
