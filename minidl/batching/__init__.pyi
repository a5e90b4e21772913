from .augmentation import Augmentation as Augmentation
from .minibatches import MiniBatches as MiniBatches
