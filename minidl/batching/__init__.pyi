from .minibatches import MiniBatches as MiniBatches
