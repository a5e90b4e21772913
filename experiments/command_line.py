"""What the command lines of the studies share with `minidl` itself: values with their rules, and files that are written whole."""

from minidl.cli.values import number, widths, write_whole

__all__ = ["number", "widths", "write_whole"]
