from .adam import Adam as Adam
from .adamw import AdamW as AdamW
from .base import Optimizer as Optimizer
from .gradient_descent import GradientDescent as GradientDescent
from .momentum import Momentum as Momentum
from .nesterov import Nesterov as Nesterov
from .rmsprop import RMSProp as RMSProp
