from .layers import check_layer as check_layer
from .losses import check_loss as check_loss
from .models import assert_gradients as assert_gradients
from .optimizers import check_optimizer as check_optimizer
from .penalties import check_penalty as check_penalty
