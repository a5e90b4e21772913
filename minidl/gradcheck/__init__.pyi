from .check_model import GradientChecker as GradientChecker
from .functions.check_function import check_function as check_function
from .functions.check_gradients import check_gradients as check_gradients
from .report.report import GradientError as GradientError
from .report.report import Report as Report
from .result import Check as Check
