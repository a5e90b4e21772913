"""HTML of reports and of objects in notebooks: the page, its style, and its parts.

Nothing here knows of deep learning.
"""
