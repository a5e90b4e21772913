"""Arguments that a shell completes with files, folders or datasets."""

from __future__ import annotations

import argparse
from typing import Any


class FileArgument(argparse.Action):
    """Store an argument that is the path of a file.

    Parameters
    ----------
    **arguments
        Those of `argparse.Action`.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, values)

    @property
    def complete(self) -> Any:
        """What each shell completes it with; only shtab asks for it."""
        import shtab

        return shtab.FILE


class FolderArgument(FileArgument):
    """Store an argument that is the path of a folder.

    Parameters
    ----------
    **arguments
        Those of `argparse.Action`.
    """

    @property
    def complete(self) -> Any:
        """What each shell completes it with; only shtab asks for it."""
        import shtab

        return shtab.DIRECTORY
