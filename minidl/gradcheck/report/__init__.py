"""The report of a gradient check, as an object, text, HTML, JSON and figure."""
