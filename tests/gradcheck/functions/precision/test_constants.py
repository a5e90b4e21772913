"""Every tolerance has a reason and is used."""

import ast
from pathlib import Path

import pytest

from minidl.gradcheck.functions.precision import constants

SOURCE = Path(constants.__file__)
BODY = ast.parse(SOURCE.read_text(encoding="utf-8")).body
NAMES = [node.targets[0].id for node in BODY if isinstance(node, ast.Assign)]
USES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in SOURCE.parents[1].rglob("*.py")
    if path != SOURCE and path.parent.name != "__pycache__"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_has_a_sentence(name):
    index = next(
        i
        for i, node in enumerate(BODY)
        if isinstance(node, ast.Assign) and node.targets[0].id == name
    )
    following = BODY[index + 1]
    assert isinstance(following, ast.Expr), f"add a docstring under {name}: where is it from?"
    assert isinstance(following.value.value, str)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_is_used(name):
    assert name in USES, f"remove {name}, which no module uses"
