from .lr_finder import LearningRateSearch as LearningRateSearch
from .lr_finder import lr_find as lr_find
from .overfit import OverfitReport as OverfitReport
from .overfit import overfit_one_batch as overfit_one_batch
