"""`minidl data`."""

import pytest

from minidl.cli import main


@pytest.mark.parametrize("name", ["list", "verify", "make", "fetch"])
def test_each_subcommand_is_in_the_help_and_has_its_own(capsys, name):
    for words in (["data"], ["data", name]):
        with pytest.raises(SystemExit) as end:
            main([*words, "--help"])
        assert end.value.code == 0
        assert name in capsys.readouterr().out
