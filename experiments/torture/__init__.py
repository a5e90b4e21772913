"""Torture: files are cut off, changed, forged and killed half-written by the thousand, and minidl must lose nothing and let nothing in."""
