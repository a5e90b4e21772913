"""Drawing that knows nothing of models: figures, their two looks, curves, and embedding."""
