"""Searches over settings on the engines of joblib: what one process finds, bit for bit."""

from contextlib import contextmanager

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from threadpoolctl import threadpool_limits

from minidl import ArgumentError, Momentum
from minidl.sklearn import MinidlClassifier
from minidl.utils.environment import fingerprint

# The engines warn of their own affairs, and two epochs are too few.
pytestmark = [pytest.mark.no_cover, pytest.mark.filterwarnings("ignore")]

rng = np.random.default_rng(0)
X = rng.standard_normal((1400, 100))  # more than 1 MB: loky's workers map it from a file
Y = np.where(X[:, 0] > 0, "upper", "lower")
CLASSIFIER = MinidlClassifier((8,), learning_rate_init=0.01, max_iter=2, random_state=0)
GRID = {"dropout": [0.0, 0.2], "alpha": [1e-4, 1e-2], "optimizer": ["adam", Momentum(0.1)]}
HALVING = {"resource": "max_iter", "min_resources": 1, "max_resources": 4, "random_state": 0}


@contextmanager
def loky():
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1):
        yield
    get_reusable_executor().shutdown()


@contextmanager
def dask():
    distributed = pytest.importorskip("distributed")
    local = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**local) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        yield


@contextmanager
def ray():
    library = pytest.importorskip("ray")
    pytest.importorskip("ray.util.joblib").register_ray()
    library.init(num_cpus=2, include_dashboard=False)
    try:
        with joblib.parallel_config("ray", n_jobs=2):
            yield
    finally:
        library.shutdown()


@pytest.fixture(scope="module", params=[loky, dask, ray], ids=lambda start: start.__name__)
def engine(request):
    with request.param():
        yield


SEARCHES = {
    "grid": GridSearchCV(CLASSIFIER, GRID, cv=2),
    "random": RandomizedSearchCV(CLASSIFIER, GRID, n_iter=3, cv=2, random_state=0),
    "halving": HalvingGridSearchCV(CLASSIFIER, GRID, cv=2, **HALVING),
}


@pytest.mark.parametrize("kind", SEARCHES)
def test_scores_are_those_of_one_process_to_the_last_bit(engine, kind):
    search = SEARCHES[kind]
    with threadpool_limits(1):
        there = search.fit(X, Y)
        there_results, theta = there.cv_results_, there.best_estimator_.model_.parameters.theta
        with joblib.parallel_config("sequential"):
            alone = search.fit(X, Y)
    splits = [name for name in alone.cv_results_ if name.startswith("split")]
    assert len(splits) >= 2
    for name in splits:
        np.testing.assert_array_equal(there_results[name], alone.cv_results_[name])
    np.testing.assert_array_equal(theta, alone.best_estimator_.model_.parameters.theta)


def test_a_worker_has_one_thread_of_blas_and_this_process_those_it_had(engine):
    with threadpool_limits(2):
        workers = joblib.Parallel()(joblib.delayed(fingerprint)() for _ in range(4))
        assert {worker["blas_threads"] for worker in workers} == {"1"}
        assert fingerprint()["blas_threads"] == "2"


def test_the_error_of_a_worker_is_its_sentence(engine):
    search = GridSearchCV(CLASSIFIER, {"dropout": [0.0, 1.5]}, cv=2, error_score="raise")
    with pytest.raises(ArgumentError, match=r"dropout must be in \[0, 1\), got 1.5"):
        search.fit(X, Y)
