import pytest
from out_of_core_array import numbered_rows

from minidl import ArgumentError, MiniBatches
from minidl.batching.arguments import check_memory_limit


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", True])
def test_batch_size_must_be_an_integer_from_1(size):
    with pytest.raises(
        ArgumentError,
        match=f"batch_size must be an integer >= 1, or None for the whole set, got {size!r}",
    ):
        MiniBatches(*numbered_rows(3), batch_size=size)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1 GB", True, None])
def test_memory_limit_must_be_a_number_of_bytes(limit):
    with pytest.raises(
        ArgumentError,
        match=r"memory_limit must be an integer >= 1, in bytes, such as 256 \* 2\*\*20, got",
    ):
        check_memory_limit(limit)
