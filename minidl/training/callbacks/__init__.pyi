from .base import Callback as Callback
from .base import TrainingRun as TrainingRun
from .checkpoint import Checkpoint as Checkpoint
from .csv_log import CSVLog as CSVLog
from .early_stopping import EarlyStopping as EarlyStopping
from .progress_bar import ProgressBar as ProgressBar
from .stop_on_nonfinite import StopOnNonFinite as StopOnNonFinite
from .tensorboard_log import TensorBoardLog as TensorBoardLog
