"""What is known of a metric by its name."""


def higher_is_better(name: str) -> bool:
    """Return whether a metric of this name is an accuracy."""
    return name.endswith("accuracy")
