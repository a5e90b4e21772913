"""The rows of CSV files; tests/cli/test_csv_file.py has what tables are made of them."""

from pathlib import Path

import pytest

from minidl import DataError
from minidl.cli.csv_rows import are_column_names, csv_rows, finite_or_inf, row_numbers


def test_rows_have_the_number_of_their_line(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('\n1;"a\nb"\n ; \n2;c\n')
    assert list(csv_rows(path)) == [(3, ["1", "a\nb"]), (5, ["2", "c"])]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(["a", "b1"], True), (["a", "1"], False), (["", "-"], False), (["0x1F", "a"], False)],
)
def test_names_are_words_and_no_numbers(cells, expected):
    assert are_column_names(cells) is expected


def test_numbers_are_decimals():
    path = Path("a.csv")
    assert row_numbers(path, 1, ["1", " -2e3 ", "1e308", "1.7e308"], "numbers")[1] == -2000
    with pytest.raises(
        DataError, match=r"a\.csv, line 7: must have numbers, found 'x' in column 2"
    ):
        row_numbers(path, 7, ["1", "x"], "numbers")
    assert finite_or_inf("1_0") == finite_or_inf("1e999") == finite_or_inf("-") == float("inf")
