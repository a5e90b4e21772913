"""One file or several per field; the first word of the file's name is the field."""
