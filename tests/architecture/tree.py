"""The files of the repository, as the rules of the house look at them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {"node_modules", "__pycache__", "build", "dist", "var"}
_HIDDEN_BUT_OURS = {".ci", ".gitignore"}


def files(*suffixes: str, under: str = ".") -> Iterator[Path]:
    """Yield every file of ours below `under`, all or those that end in one of `suffixes`."""
    for path in sorted((ROOT / under).iterdir()):
        if path.name in _NOT_OURS or (path.name.startswith(".") and path.name not in _HIDDEN_BUT_OURS):
            continue
        if path.is_dir():
            yield from files(*suffixes, under=str(path.relative_to(ROOT)))
        elif not suffixes or path.suffix in suffixes:
            yield path


def name(path: Path) -> str:
    """Return how the repository calls `path`."""
    return path.relative_to(ROOT).as_posix()


def lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text("utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function's name and its own lines, those of functions within it not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name(path)}:{node.lineno} {node.name}", _own_lines(node)


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every string of a module with its line, docstrings and attribute docs left out."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def _own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    inner = [node for node in function.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    return whole - sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in inner)
