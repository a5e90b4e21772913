"""Estimators for scikit-learn (extra `sklearn`)."""

from ..errors import require_extra

with require_extra("scikit-learn", "sklearn", "minidl.sklearn"):
    from .classifier import MinidlClassifier
    from .regressor import MinidlRegressor

__all__ = ["MinidlClassifier", "MinidlRegressor"]
