"""The cure where a class was passed in place of an object."""


def cure_for_class(value: object) -> str:
    """Return ": write Adam() ..." for the end of a message if `value` is a class, else "".

    Parameters
    ----------
    value : object
        What the user passed.

    Returns
    -------
    str
        The cure.
    """
    if not isinstance(value, type):
        return ""
    return f": it is a class; write {value.__name__}(), with its arguments, to make an object"
