from .base import Loss as Loss
from .binary_cross_entropy import BinaryCrossEntropy as BinaryCrossEntropy
from .binary_cross_entropy import SigmoidCrossEntropy as SigmoidCrossEntropy
from .categorical_cross_entropy import CategoricalCrossEntropy as CategoricalCrossEntropy
from .categorical_cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from .encoding import one_hot as one_hot
from .huber import Huber as Huber
from .mean_squared_error import MeanSquaredError as MeanSquaredError
