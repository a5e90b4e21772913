"""The contract: rules that layers, losses and penalties must obey, tested without derivatives."""
