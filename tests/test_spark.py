"""Predictions by `mapInPandas` of Spark, in two local workers."""

import os
import sys

import numpy as np
import pytest

from minidl.sklearn import MinidlClassifier
from minidl.utils.environment import fingerprint

pandas = pytest.importorskip("pandas")
sql = pytest.importorskip("pyspark.sql")

# Spark warns of its own affairs, and five epochs are too few.
pytestmark = [pytest.mark.no_cover, pytest.mark.filterwarnings("ignore")]

FEATURES = ["a", "b", "c", "d"]
ROWS = np.random.default_rng(0).standard_normal((3000, 4))
FRAME = pandas.DataFrame(ROWS, columns=FEATURES).assign(id=range(len(ROWS)))
LABELS = np.where(ROWS[:, 0] > 0, "up", "down")


@pytest.fixture(scope="module")
def table():
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    yield spark.createDataFrame(FRAME)
    spark.stop()


@pytest.fixture(scope="module")
def classifier():
    return MinidlClassifier((8,), max_iter=5, random_state=0).fit(FRAME[FEATURES], LABELS)


def answers(table, classifier):
    def predict_tables(tables):
        for table in tables:
            found = classifier.predict(table[FEATURES])
            threads = fingerprint()["blas_threads"]
            yield pandas.DataFrame({"id": table["id"], "label": found, "threads": threads})

    numbers = [sql.functions.col(name).cast("double") for name in FEATURES]
    schema = "id long, label string, threads string"
    return table.select("id", *numbers).mapInPandas(predict_tables, schema).toPandas()


def test_workers_give_the_labels_of_this_process_with_one_thread_of_blas(table, classifier):
    found = answers(table, classifier).sort_values("id")
    np.testing.assert_array_equal(found["label"], classifier.predict(FRAME[FEATURES]))
    assert set(found["threads"]) == {"1"}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["id", "a", "b", "c"], "name `d` cannot be resolved"),
        (["id", "a", "b", "c", "'tall' as d"], "value 'tall' .* cannot be cast to"),
        (["id", "a", "b", "c", "if(id = 5, null, d) as d"], "Input X contains NaN"),
    ],
    ids=["missing", "text", "null"],
)
def test_what_is_wrong_with_a_table_is_a_sentence(table, classifier, columns, sentence):
    with pytest.raises(Exception, match=sentence):
        answers(table.selectExpr(*columns), classifier)
