"""The model that users hold."""
