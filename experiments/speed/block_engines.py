"""What predicts blocks of rows: a loop, Dask, Spark, a server of ONNX."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minidl import Sequential

N_WORKERS, N_CLIENTS = 2, 8
PAGE = Path(__file__).resolve().parents[2] / "docs" / "prediction.md"

# Returns the outputs for the first n blocks.
Predict = Callable[[int], Any]


class BlockEngine(NamedTuple):
    """An engine: the packages that it needs, how it starts, how far its outputs may be off."""

    packages: tuple[str, ...]
    start: Callable[[Sequential, list[Any]], AbstractContextManager[Predict]]
    tolerance: float = 0.0


@contextmanager
def _loop(model: Sequential, blocks: list[Any]) -> Iterator[Predict]:
    yield lambda n: np.concatenate([model.predict(block) for block in blocks[:n]])


@contextmanager
def _threads(model: Sequential, blocks: list[Any], n_threads: int) -> Iterator[Predict]:
    outputs = _dask_outputs(model, blocks)
    yield lambda n: outputs.blocks[:n].compute(scheduler="threads", num_workers=n_threads)


@contextmanager
def _processes(model: Sequential, blocks: list[Any]) -> Iterator[Predict]:
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=N_WORKERS, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster):
        outputs = _dask_outputs(model, blocks)
        yield lambda n: outputs.blocks[:n].compute()


def _dask_outputs(model: Sequential, blocks: list[Any]) -> Any:
    import dask.array as da
    from dask import delayed

    n_outputs = model.predict(blocks[0][:1]).shape[1]

    def predict(rows: Any, model: Sequential) -> Any:  # Dask tries it with no rows first
        return model.predict(rows) if len(rows) else np.empty((0, n_outputs), np.float32)

    rows = da.from_array(np.concatenate(blocks), chunks=(len(blocks[0]), -1))
    chunks = rows.chunks[0], (n_outputs,)
    return rows.map_blocks(predict, model=delayed(model), chunks=chunks, dtype=np.float32)


@contextmanager
def _spark(model: Sequential, blocks: list[Any]) -> Iterator[Predict]:
    import pandas as pd
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import col

    features = [f"x{i}" for i in range(blocks[0].shape[1])]
    outputs = [f"y{i}" for i in range(model.predict(blocks[0][:1]).shape[1])]

    def predict_tables(tables: Iterator[Any]) -> Iterator[Any]:
        for table in tables:
            found = model.predict(table[features].to_numpy())
            yield pd.DataFrame(found, columns=outputs).assign(id=table["id"])

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # A block is a batch, for equal bits: BLAS multiplies matrices of another shape otherwise.
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(len(blocks[0])),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    builder = SparkSession.builder.master(f"local[{N_WORKERS}]").config(map=settings)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    frame = pd.DataFrame(np.concatenate(blocks), columns=features)
    table = spark.createDataFrame(frame.assign(id=range(len(frame)))).cache()
    table.count()
    schema = ", ".join([*(f"{name} float" for name in outputs), "id long"])

    def predict(n: int) -> Any:
        some = table.where(col("id") < n * len(blocks[0]))
        answers = some.mapInPandas(predict_tables, schema).toPandas()
        return answers.sort_values("id")[outputs].to_numpy()

    yield predict
    spark.stop()


@contextmanager
def _server(model: Sequential, blocks: list[Any]) -> Iterator[Predict]:
    from minidl.exchange import export_onnx

    code = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (server,) = [block for block in code if "FastAPI()" in block]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "server.py").write_text(server, encoding="utf-8")
        export_onnx(model, Path(folder, "model.onnx"))
        command = [sys.executable, "-m", "uvicorn", "server:app", "--port", "0", "--no-access-log"]
        process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            urls = (re.search("running on (http:[0-9./:]+)", line) for line in process.stderr)
            url = next(found[1] for found in urls if found)
            with ThreadPoolExecutor(N_CLIENTS) as pool:
                yield lambda n: np.concatenate(list(pool.map(partial(_ask, url), blocks[:n])))
        finally:
            process.terminate()
            process.communicate()


def _ask(url: str, block: Any) -> Any:
    body = json.dumps({"rows": block.tolist()}).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/predict", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return np.array(json.load(response)["outputs"], np.float32)


BLOCK_ENGINES = {
    "a loop": BlockEngine((), _loop),
    "Dask, one thread": BlockEngine(("dask",), partial(_threads, n_threads=1)),
    "Dask, 8 threads": BlockEngine(("dask",), partial(_threads, n_threads=8)),
    "Dask, 2 processes": BlockEngine(("dask", "distributed"), _processes),
    "Spark, 2 processes": BlockEngine(("pyspark", "pandas", "pyarrow"), _spark),
    "server of ONNX": BlockEngine(("fastapi", "uvicorn", "onnx", "onnxruntime"), _server, 1e-6),
}
