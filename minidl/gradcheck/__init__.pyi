from .check_function import check_gradients as check_gradients
from .check_model import GradientChecker as GradientChecker
from .report.report import GradientError as GradientError
from .report.report import Report as Report
from .result import Check as Check
