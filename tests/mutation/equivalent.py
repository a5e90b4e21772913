"""Changes that change nothing, marked by hand: (path, old line, new line) -> the reason."""

EQUIVALENT = {}
