"""The diagnosis of a failed check."""
