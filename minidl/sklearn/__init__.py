"""Estimators for scikit-learn: `MinidlClassifier` and `MinidlRegressor` (extra `sklearn`).

They stand wherever scikit-learn takes an estimator, in a Pipeline, GridSearchCV or cross_val_score, with the parameters of its own
MLPClassifier where both have them, and with what that lacks: dropout, class weights, the loss of the validation set, callbacks,
schedules, layers of one's own. The trained network is `model_`, a `Sequential` like any other.
"""

from ..errors import MissingExtraError

try:
    from sklearn.utils.validation import validate_data  # noqa: F401  # which there is since 1.6
except ImportError as error:
    raise MissingExtraError("minidl.sklearn needs scikit-learn >= 1.6, which is not installed: pip install 'minidl[sklearn]'") from error

from .classifier import MinidlClassifier
from .regressor import MinidlRegressor

__all__ = ["MinidlClassifier", "MinidlRegressor"]
