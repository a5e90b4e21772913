"""Pictures of training, of decisions and of weights. They need matplotlib: pip install minidl[plot].

Each function draws on the `axes` that it is given, or on a figure of its own that belongs to no window and needs no closing, and
returns the Axes: `learning_curves(history).figure.savefig("loss.png")`. Without matplotlib it raises `MissingExtraError`. Colours are
those of Okabe and Ito (without the yellow, pale on white), which people with any kind of colour vision tell apart.
"""

from .canvas import COLOURS, GREY
from .curves import learning_curves, rate_search
from .decisions import confusion_counts, confusion_matrix, decision_boundary
from .pictures import gradient_errors, misclassified, weight_pictures

__all__ = [
    "COLOURS",
    "GREY",
    "confusion_counts",
    "confusion_matrix",
    "decision_boundary",
    "gradient_errors",
    "learning_curves",
    "misclassified",
    "rate_search",
    "weight_pictures",
]
