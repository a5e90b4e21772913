"""Callbacks."""

from .base import Callback, TrainingRun
from .checkpoint import Checkpoint
from .csv_log import CSVLog
from .early_stopping import EarlyStopping
from .progress_bar import ProgressBar
from .stop_on_nonfinite import StopOnNonFinite
from .tensorboard_log import TensorBoardLog

__all__ = [
    "CSVLog",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "ProgressBar",
    "StopOnNonFinite",
    "TensorBoardLog",
    "TrainingRun",
]
