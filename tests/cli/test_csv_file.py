"""CSV files."""

import numpy as np
import pytest

from minidl import DataError, MissingDataError
from minidl.cli.csv_file import read_csv

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
    x, labels, classes = read_csv(path)
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
        ("".join(f"1,{i / 7}\n" for i in range(200)), "found 200 different values"),
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


def test_a_missing_file_is_an_error(path):
    with pytest.raises(MissingDataError, match="file not found"):
        read_csv(path)


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="a CSV file must be a regular file, found a folder"):
        read_csv(tmp_path)


def test_an_enormous_file_is_refused(path, monkeypatch):
    path.write_text(ROWS)
    monkeypatch.setattr("minidl.cli.csv_file.MAX_BYTES", 10)
    with pytest.raises(DataError, match="may have at most 10 bytes"):
        read_csv(path)
