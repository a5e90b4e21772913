"""CSV files, with classes and without."""

import os
import subprocess
import sys

import numpy as np
import pytest

from minidl import DataError, MissingDataError
from minidl.cli.csv_file import read_csv, read_features

ROWS = "1,2,no\n3,4,yes\n5,6,no\n7,8,yes\n9,1e1,no\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "x,y,answer\n" + ROWS,
        "\ufeff" + ROWS,
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace("no", '"no"'),
        ROWS.replace("\n", "\n\n"),
        ROWS.replace(",", " , "),
    ],
)
def test_numbers_and_classes_are_read(path, text):
    path.write_bytes(text.encode())
    x, labels, classes, _ = read_csv(path)
    assert np.array_equal(x, [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]])
    assert labels.tolist() == [0, 1, 0, 1, 0]
    assert classes == ("no", "yes")


def test_class_numbers_are_in_their_order(path):
    path.write_text("".join(f"1,{k}\n" for k in (10, 9, 2, 10, 2)))
    assert read_csv(path)[2] == ("2", "9", "10")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have at least 5 rows, found 0"),
        ("1,a\n", "found 1"),
        ("1\n2\n3\n4\n5\n", "must have numbers and then a class, found one column"),
        (ROWS + "1,2\n", "line 6: must have 2 finite numbers and then a class, found 2 cells"),
        (
            ROWS + "1,x,no\n",
            "line 6: must have 2 finite numbers and then a class, found 'x' in column 2",
        ),
        (
            ROWS + "1,nan,no\n",
            "line 6: must have 2 finite numbers and then a class, found 'nan' in column 2",
        ),
        (
            ROWS + "1,,no\n",
            "line 6: must have 2 finite numbers and then a class, found '' in column 2",
        ),
        (
            ROWS + "1,2,\n",
            "line 6: must have 2 finite numbers and then a class, found '' in column 3",
        ),
        (ROWS.replace("yes", "no"), "found 1 different values"),
        ("".join(f"1,{i / 7}\n" for i in range(200)), "found more than 100 different values"),
        (ROWS + '1,2,"no\n', "must be a readable CSV file in UTF-8"),
        (b"\xff\xfe" + ROWS.encode("utf-16-le"), "must be a readable CSV file in UTF-8"),
    ],
)
def test_an_invalid_row_is_reported_with_its_line(path, text, message):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


NOT_DECIMAL = [
    "1_000",
    "٣٤",
    "\uff11\uff12",
    "0x1F",
    "0x1p3",
    "infinity",
    "-inf",
    "1e999",
    "1,5",
    "½",
]


@pytest.mark.parametrize("cell", NOT_DECIMAL)
@pytest.mark.parametrize("line", [1, 3])
def test_a_number_in_another_notation_is_refused(path, cell, line):
    """A program that reads 1_000 as 1000 reads a typing error as a number, too."""
    rows = ROWS.splitlines()
    first, _, last = rows[line - 1].split(",")
    rows[line - 1] = f'{first},"{cell}",{last}'
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert f"line {line}: must have 2 finite numbers and then a class" in str(caught.value)
    assert f"found {cell!r} in column 2" in str(caught.value)


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "-0X1", "inf", "nan", "٣"])
def test_a_first_row_of_such_numbers_is_not_taken_for_column_names(path, cell):
    path.write_text(f"{cell},{cell},no\n{ROWS}", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: must have 2 finite numbers"):
        read_csv(path)


@pytest.mark.parametrize(
    "row", ['"1,5","2,5",no', "1 000,2 000,no", "2020-01-01,1/2,no", ",,no", "?,-,no", "½,²,no"]
)
def test_a_first_row_without_a_word_is_not_taken_for_column_names(path, row):
    """Else the row would be left out, and nobody would notice."""
    path.write_text(f"{row}\n{ROWS}", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: must have 2 finite numbers"):
        read_csv(path)


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("number", ["1,5", "1,234,567"])
@pytest.mark.parametrize("columns", [1, 2])
def test_a_decimal_comma_is_no_separator(path, separator, number, columns):
    """Even where there are as many commas as separators, or more."""
    cells = [number] * columns
    path.write_text("".join(separator.join([*cells, name]) + "\n" for name in "ababab"))
    with pytest.raises(DataError, match=f"line 1: .* found '{number}' in column 1"):
        read_csv(path)


@pytest.mark.parametrize(
    "header", ["", "\n\r\n", "length, in cm;b;c\n", '"a, b, c, d";"e";"f;,g"\n', ";second;c\n"]
)
def test_the_separator_is_the_last_of_the_first_line(path, header):
    path.write_text(header + ROWS.replace(",", ";"))
    assert read_csv(path)[0].shape == (5, 2)
    path.write_text("\n" + ROWS.replace("no", '"n;o"').replace("yes", '"y,\t"').replace("\n", "\r"))
    assert read_csv(path)[2] == ("n;o", "y,")


def test_classes_and_columns_may_be_called_anything(path):
    path.write_text("1st,_\n" + "".join(f"{k},{['1_0', 'inf'][k % 2]}\n" for k in range(6)))
    x, labels, classes, columns = read_csv(path)
    assert columns == ("1st", "_")
    assert x.ravel().tolist() == [0, 1, 2, 3, 4, 5]
    assert classes == ("1_0", "inf")
    assert labels.tolist() == [0, 1] * 3


def test_large_numbers_whose_sum_is_infinite_are_finite(path):
    path.write_text(ROWS + "1e308,1.7e308,no\n")
    assert read_csv(path)[0][-1].tolist() == [1e308, 1.7e308]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="only Linux has it")
@pytest.mark.parametrize("row", ["0.123456,0.234567,0.345678,0.456789,yes\n", "1,a\n"])
def test_a_file_takes_at_most_ten_times_its_size(path, row):
    """Measured in a process of its own, as the peak cannot be set back."""
    other = row.replace("yes", "no").replace("a", "b")
    path.write_text((row + other) * (10**6 // len(row)))
    code = (
        "import sys; from pathlib import Path; from minidl.cli.dataset_options import load_dataset;"
        "from argparse import Namespace\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "before = peak(); load_dataset(Namespace(set=sys.argv[1], seed=1)); print(peak() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True, timeout=120
    )
    assert 1024 * int(done.stdout) < 10 * path.stat().st_size


@pytest.mark.parametrize("row", ["1,{}yes\n", 'a,{}"yes"\n', '"1\n",{}yes\n', "{}"])
def test_a_row_is_bounded(path, row, monkeypatch):
    """Before it is read: its cells take many times its size."""
    monkeypatch.setattr("minidl.cli.csv_rows.MAX_ROW_LETTERS", 100)
    rows = "".join(f"{'1,' * 48}{name}\n" for name in "ababab")  # 98 letters each
    path.write_text(rows)
    assert read_csv(path)[0].shape == (6, 48)
    filled = row.format(row[: row.index("{")] * 50 or "1" * 101)
    path.write_text(rows + filled)
    with pytest.raises(DataError, match="found a row of more than 100 letters"):
        read_csv(path)


def test_a_missing_file_is_an_error(path):
    with pytest.raises(MissingDataError, match="file not found"):
        read_csv(path)


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="a CSV file must be a regular file, found a folder"):
        read_csv(tmp_path)


def test_an_enormous_file_is_refused(path, monkeypatch):
    path.write_text(ROWS)
    monkeypatch.setattr("minidl.cli.csv_rows.MAX_BYTES", 10)
    with pytest.raises(DataError, match="may have at most 10 bytes"):
        read_csv(path)


def test_the_names_of_the_columns_are_kept(path):
    path.write_text(f"petal, width ;\x1b;kind\n{ROWS.replace(',', ';')}", encoding="utf-8")
    assert read_csv(path).columns == ("petal, width", "\x1b", "kind")
    path.write_text(ROWS)
    assert read_csv(path).columns is None


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "x,y\n1,2\n3,4\n",
        "1,2,no\n3,4,\n",
        "x,y,answer\n1,2,no\n3,4,yes\n",
        "\n1;2\n\n3;4",
    ],
)
def test_rows_are_read_with_names_or_without_with_a_class_or_without(path, text):
    path.write_text(text)
    assert read_features(path, 2, ("x", "y", "answer")).tolist() == [[1, 2], [3, 4]]


def test_without_a_number_of_features_all_columns_are_numbers(path):
    path.write_text("1,2,3\n")
    assert read_features(path).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have at least one row, found none"),
        ("x,y\n", "must have at least one row, found none"),
        ("1\n", "line 1: must have 2 finite numbers, which a class may follow, found 1 cells"),
        ("1,2\n1,2,no\n", "line 2: must have 2 finite numbers, .* found 3 cells"),
        ("1,2\n1,nan\n", "line 2: must have 2 finite numbers, .* found 'nan' in column 2"),
        ("1,2\nx,y\n", "line 2: .* found 'x' in column 1"),
        ("y,x\n1,2\n", "columns of the training in their order: column 1 must be 'x', found 'y'$"),
        ("x,z\n1,2\n", "column 2 must be 'y', found 'z'"),
        ("x,y,anwser\n1,2,a", "column 3 must be 'answer', found 'anwser': did you mean answer?"),
    ],
)
def test_other_columns_and_no_numbers_are_refused(path, text, message):
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_features(path, 2, ("x", "y", "answer"))
    assert str(path) in str(caught.value)
