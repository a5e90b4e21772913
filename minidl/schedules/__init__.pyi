from .base import Schedule as Schedule
from .constant import Constant as Constant
from .cosine import Cosine as Cosine
from .exponential_decay import ExponentialDecay as ExponentialDecay
from .plateau_decay import PlateauDecay as PlateauDecay
from .step_decay import StepDecay as StepDecay
from .warm_up import WarmUp as WarmUp
