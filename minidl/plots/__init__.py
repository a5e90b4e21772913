"""Figures of trainings, predictions, weights and gradient errors (extra `plot`)."""

from .boundary import decision_boundary
from .confusion import confusion_counts, confusion_matrix
from .curves import learning_curves, learning_rate_curve
from .figure import COLOURS, GREY
from .gradients import gradient_errors
from .images import misclassified, weight_images

__all__ = [
    "COLOURS",
    "GREY",
    "confusion_counts",
    "confusion_matrix",
    "decision_boundary",
    "gradient_errors",
    "learning_curves",
    "learning_rate_curve",
    "misclassified",
    "weight_images",
]
