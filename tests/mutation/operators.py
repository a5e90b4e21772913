"""Kinds of changes that Cosmic Ray does not have: what is left out."""

from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Keyword


def _is_keyword_argument(node):
    return node.type == "argument" and node.children[1].type == "operator"


class RemoveArgument(Operator):
    """Leaves out an argument that is passed by name: its default is used instead."""

    def mutation_positions(self, node):
        return ((child.start_pos, child.end_pos) for child in self._arguments(node))

    def mutate(self, node, index):
        argument = list(self._arguments(node))[index]
        place = node.children.index(argument)
        # With the comma behind it, or the one before the last argument.
        first = place - (node.type == "arglist" and place == len(node.children) - 1)
        last = first + (2 if node.type == "arglist" else 1)
        node.children = node.children[:first] + node.children[last:]
        return node

    @staticmethod
    def _arguments(node):
        if node.type in ("arglist", "trailer"):
            yield from (
                child
                for child in node.children
                if _is_keyword_argument(child) and child.children[1].value == "="
            )

    @classmethod
    def examples(cls):
        return (
            Example("f(a, b=1)", "f(a)"),
            Example("f(b=1, c=2)", "f( c=2)"),
            Example("f(b=1)", "f()"),
        )


class RemoveStatement(Operator):
    """Leaves out a call whose value is not used, or a change in place such as `x += 1`."""

    def mutation_positions(self, node):
        if node.type == "simple_stmt" and self._is_removed(node.children[0]):
            yield (node.children[0].start_pos, node.children[0].end_pos)

    def mutate(self, node, index):
        first = node.children[0]
        prefix = first.get_first_leaf().prefix
        node.children[0] = Keyword("pass", first.start_pos, prefix)
        return node

    @staticmethod
    def _is_removed(node):
        if node.type == "expr_stmt":
            return node.children[1].type == "operator" and node.children[1].value != "="
        return node.type in ("atom_expr", "power")

    @classmethod
    def examples(cls):
        return (Example("x += 1\n", "pass\n"), Example("f(x)\n", "pass\n"))
