"""Mutation testing: changes one thing at a time in the modules whose rules protect money, and expects a test to fail.

Each mutant runs in a fork of this process, which has already imported the slow modules. An import hook provides the
changed module, so no file changes. ``[tool.mutants]`` in ``pyproject.toml`` lists the modules with their tests, and
the survivors that break no promise, with the reason: each by its change, by the text of its line, or as ``constants``
of its module.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import CodeType

import pytest

_ROOT = Path(__file__).parents[1]
_SLOW_IMPORTS = ("airflow.sdk", "aiohttp", "pydantic", "requests", "uvicorn")
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
_LEAST_SECONDS = 20
_NOT_USED = 77

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Continue: ast.Break,
    ast.Break: ast.Continue,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """A module with one change.

    :param line: the changed line, from 1.
    :param place: the text of that line, or ``constants`` if it assigns a constant of the module.
    :param change: the code before and after, on one line.
    """

    module: str
    line: int
    place: str
    change: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.change}"

    def code(self) -> CodeType:
        """Compile it."""
        return compile(ast.fix_missing_locations(self.tree), _path(self.module), "exec")


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Yield all mutants of a module, in the order of its lines."""
    original = ast.parse(source)
    nodes = [
        (getattr(node, "lineno", 0), index) for index, node in enumerate(ast.walk(original)) if _altered(node)
    ]
    decorations = {
        id(part)
        for node in ast.walk(original)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        for part in ast.walk(decorator)
    }
    constants = {
        id(part)
        for statement in original.body
        if isinstance(statement, ast.Assign)
        for part in ast.walk(statement.value)
    }
    originals, lines = list(ast.walk(original)), source.splitlines()
    for line, index in sorted(nodes):
        if id(originals[index]) in decorations:
            continue
        tree = copy.deepcopy(original)
        node = list(ast.walk(tree))[index]
        altered = _altered(node)
        if altered is not None:
            change = f"{_short(ast.unparse(node))} -> {_short(ast.unparse(altered))}"
            _replace(tree, node, altered)
            place = "constants" if id(originals[index]) in constants else lines[line - 1].strip()
            yield Mutant(module, line, place, change, tree)


def _altered(node: ast.AST) -> ast.AST | None:  # noqa: C901, PLR0911 - a table
    """Return the replacement of a node, if any; it may share parts with the node."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _SWAPS:
            return ast.Compare(node.left, [_swapped(operator)], node.comparators)  # type: ignore[list-item]
        case ast.BoolOp(values=[_, *_]):
            return ast.BoolOp(_swapped(node.op), node.values)  # type: ignore[arg-type]
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
            return ast.BinOp(node.left, _swapped(node.op), node.right)  # type: ignore[arg-type]
        case ast.AugAssign(op=ast.Add() | ast.Sub()):
            return ast.AugAssign(node.target, _swapped(node.op), node.value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.Not()):
            return node.operand
        case ast.Constant(value=bool(value)):
            return ast.Constant(not value)
        case ast.Constant(value=int(number) | float(number)):
            return ast.Constant(number + 1)
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            return ast.Call(ast.Name(_NAMES[name], ast.Load()), node.args, node.keywords)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if isinstance(
            test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr
        ):
            negated = copy.copy(node)
            negated.test = ast.UnaryOp(ast.Not(), test)
            return negated
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.Raise():
            return ast.Pass()
        case ast.Return(value=ast.expr() as value) if not (
            isinstance(value, ast.Constant) and value.value is None
        ):
            return ast.Return(ast.Constant(None))
        case ast.Continue() | ast.Break():
            return _swapped(node)
    return None


def _swapped(node: ast.AST) -> ast.AST:
    return _SWAPS[type(node)]()


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    ast.copy_location(new, old)
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(each is old for each in value):
                value[:] = [new if each is old else each for each in value]


def _short(code: str) -> str:
    return code.splitlines()[0].rstrip(":")


def _path(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")


class _Mutating(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """A pytest plugin that imports one module as a mutant, and does not shrink failing examples."""

    def __init__(self, mutant: Mutant | None) -> None:
        self._mutant = mutant
        self.was_used = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Install the import hook before pytest's own, which also rewrites a plugin's package."""
        if self._mutant:
            sys.meta_path.insert(0, self)

    def pytest_configure(self) -> None:
        """Override the profile of the tests."""
        from hypothesis import Phase, settings  # noqa: PLC0415 - pytest must be the first to import it

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", derandomize=True, database=None, deadline=None, phases=phases)
        settings.load_profile("mutants")

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if self._mutant is None or fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_file_location(fullname, _path(fullname), loader=self)

    def get_source(self, fullname: str) -> str:
        return _path(fullname).read_text()

    def get_code(self, _: str) -> CodeType:
        self.was_used = True
        assert self._mutant  # noqa: S101 - find_spec answers only then
        return self._mutant.code()


def survives(tests: Sequence[str], mutant: Mutant | None, seconds: float) -> bool:
    """Run the tests in a fork; return True if all pass. ``seconds`` limits its CPU time, tenfold its run time."""
    if child := os.fork():
        deadline = time.monotonic() + 10 * seconds
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended and os.waitstatus_to_exitcode(status) == _NOT_USED:
                sys.exit(f"The tests do not import it: {' '.join(tests)}")
            if ended:
                return status == 0
            if time.monotonic() > deadline:
                os.kill(child, 9)
            time.sleep(0.02)
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        mutating = _Mutating(mutant)
        code = int(pytest.main([*_OPTIONS, *tests], plugins=[mutating]))
        if mutant and not mutating.was_used:
            code = _NOT_USED
    finally:
        os._exit(code)


def _check(module: str, tests: Sequence[str], explained: dict[str, str], part: slice) -> tuple[int, int, int]:
    """Try the mutants of a part of a module; return the numbers of tried, killed and explained ones."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not survives(tests, None, 600):
        sys.exit(f"The tests of the unchanged {module} fail: {' '.join(tests)}")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    tried = killed = known = 0
    for mutant in islice(mutants_of(module, _path(module).read_text()), part.start, None, part.step):
        tried += 1
        if not survives(tests, mutant, max(_LEAST_SECONDS, 3 * used)):
            killed += 1
        elif explained.keys() & {f"{module}: {mutant.change}", f"{module}: {mutant.place}"}:
            known += 1
        else:
            print(f"survived  {mutant}", flush=True)
    return tried, killed, known


def _part(text: str) -> slice:
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise ValueError(text)
    return slice(number - 1, None, parts)


def main() -> None:
    """Try the mutants of the named modules, or of all; exit with 1 if an unexplained one survives."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="for example generating.submission (default: all)")
    parser.add_argument(
        "--part", default="1/1", type=_part, help="for example 2/5: every fifth mutant from the second"
    )
    arguments = parser.parse_args()
    wanted = arguments.modules or list(settings["tests"])
    for name in _SLOW_IMPORTS:
        importlib.import_module(name)
    survivors = 0
    for short in wanted:
        module = f"airflow_provider_getty.{short}"
        tried, killed, known = _check(
            module, settings["tests"][short], settings["equivalent"], arguments.part
        )
        survivors += tried - killed - known
        print(f"{short}: {tried} mutants, {killed} killed, {known} explained", flush=True)
    sys.exit(survivors > 0)


if __name__ == "__main__":
    main()
