"""Every tolerance has a reason and is used."""

import ast
from pathlib import Path

import pytest

from minidl.gradcheck import constants
from minidl.gradcheck.functions import constants as constants_of_functions
from minidl.gradcheck.functions.precision import constants as constants_of_precision
from minidl.gradcheck.numeric import constants as constants_of_derivatives

MODULES = (
    constants,
    constants_of_derivatives,
    constants_of_functions,
    constants_of_precision,
)
SOURCES = [Path(module.__file__) for module in MODULES]
BODIES = [ast.parse(source.read_text(encoding="utf-8")).body for source in SOURCES]
ASSIGNMENTS = {
    node.targets[0].id: body[index + 1]
    for body in BODIES
    for index, node in enumerate(body)
    if isinstance(node, ast.Assign)
}
USES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in SOURCES[0].parents[1].rglob("*.py")
    if path not in SOURCES and path.parent.name != "__pycache__"
)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_constant_has_a_sentence(name):
    following = ASSIGNMENTS[name]
    assert isinstance(following, ast.Expr), f"add a docstring under {name}: where is it from?"
    assert isinstance(following.value.value, str)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_constant_is_used(name):
    assert name in USES, f"remove {name}, which no module uses"
