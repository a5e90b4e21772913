"""The cure where a class, or its name, was passed in place of an object."""


def cure_for_class(value: object) -> str:
    """Return ": write Adam() ..." for the end of a message if `value` is no object yet, else "".

    Parameters
    ----------
    value : object
        What the user passed, such as `Adam` and "adam".

    Returns
    -------
    str
        The cure.
    """
    if isinstance(value, str):
        return ": it is a text; make an object of a class"
    if not isinstance(value, type):
        return ""
    return f": it is a class; write {value.__name__}(), with its arguments, to make an object"
