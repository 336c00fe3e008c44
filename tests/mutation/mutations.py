# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be wrong with a program, one small thing at a time: a comparison, a condition, a number, a missing line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
CALLED = {"any": "all", "all": "any", "min": "max", "max": "min"}
Change = tuple[str, Callable[[], None]]
UNMUTATED = ("annotation", "returns", "decorator_list")


@dataclass(frozen=True)
class Mutation:
    """A change of a syntax tree, made in place."""

    line: int
    what: str
    apply: Callable[[], None]


def mutations(tree: ast.Module) -> Iterator[Mutation]:
    """Yield all changes of a tree, always in the same order; each is to be made in a tree of its own."""
    for node in _walk(tree):
        line = getattr(node.ifs[0] if isinstance(node, ast.comprehension) and node.ifs else node, "lineno", 0)
        for what, apply in (*_of_values(node), *_of_conditions(node), *_of_statements(node)):
            yield Mutation(line, what, apply)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that compute: no types, and no decorators, which declare."""
    yield node
    for name, field in ast.iter_fields(node):
        children = field if isinstance(field, list) else [field]
        for child in children:
            if name not in UNMUTATED and isinstance(child, ast.AST):
                yield from _walk(child)


def _of_values(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in ARITHMETIC:
            swapped = ARITHMETIC[type(op)]
            yield f"{type(op).__name__} -> {swapped.__name__}", _assigning(node, "op", swapped())
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", _assigning(node, "value", not value)
        case ast.Constant(value=int(number)):
            yield f"{number} -> {number + 1}", _assigning(node, "value", number + 1)
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            yield f"{name} -> {CALLED[name]}", _assigning(node.func, "id", CALLED[name])


def _of_conditions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                other = COMPARISONS[type(operator)]
                yield f"{type(operator).__name__} -> {other.__name__}", _setting(node.ops, index, other())
        case ast.BoolOp():
            flipped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"-> {type(flipped).__name__}", _assigning(node, "op", flipped)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "condition negated", _assigning(node, "test", _negated(test))
        case ast.comprehension():
            for index, test in enumerate(node.ifs):
                yield "filter negated", _setting(node.ifs, index, _negated(test))
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", _assigning(node, "operand", _negated(node.operand))


def _of_statements(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return None", _assigning(node, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "statement dropped", _assigning(node, "value", ast.Constant(None))
    for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
        for index, statement in enumerate(body if isinstance(body, list) else []):
            if isinstance(statement, ast.Raise | ast.Continue | ast.Break):
                name = type(statement).__name__.lower()
                yield f"{name} dropped (line {statement.lineno})", _setting(body, index, ast.Pass())


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _assigning(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _setting(items: list[ast.AST], index: int, value: ast.AST) -> Callable[[], None]:
    return lambda: items.__setitem__(index, value)
