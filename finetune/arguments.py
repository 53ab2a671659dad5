"""Turns option dataclasses into a command line, and what the user gave back into dataclasses.

A field's name is the option's name; the string under the field is its help. Knows nothing of training.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from finetune.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


NO_DEFAULT = (None, False, dataclasses.MISSING)  # nothing that the help would have to say


class Parser(argparse.ArgumentParser):
    """An argparse parser whose complaints are our errors."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of leaving the process: only main ends it."""
        raise RequestError(f"{message}\nsee: {self.prog} --help")

    def tell_defaults(self, values: Mapping[str, object]) -> None:
        """Let the help show these defaults in the place of the options' own."""
        for action in self._actions:
            if values.get(action.dest) is not None and action.help not in {None, argparse.SUPPRESS}:
                told = re.sub(r" \[[^\[\]]*\]$| \(default: [^)]*\)", "", str(action.help))
                action.help = f"{told} [{str(values[action.dest]).replace('%', '%%')}]"


def field_help(kind: type) -> dict[str, str]:
    """Read the string under each field: class A: x: int; "The x." gives {"x": "The x."}."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class is a class
    found: dict[str, str] = {}
    for above, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(above, ast.AnnAssign)
            and isinstance(above.target, ast.Name)
            and isinstance(below, ast.Expr)
        ):
            found[above.target.id] = str(ast.literal_eval(below.value))
    return found


class NumberOrWord:
    """Reads a number or one of some words: int | Literal["all"] takes 2 and all."""

    def __init__(self, number: type, words: tuple[str, ...]) -> None:
        self.number, self.words = number, words
        self.__name__ = " or ".join((number.__name__, *words))  # what argparse and errors call it

    def __call__(self, value: object) -> object:
        """Convert, or raise the ValueError of the number."""
        return value if value in self.words else self.number(value)


def bare_type(hint: Any) -> Any:  # noqa: ANN401 - a type hint is any object
    """Drop the None of an optional: int | None is int; a number with words besides becomes their reader."""
    kinds = [one for one in typing.get_args(hint) if one is not type(None)]
    if typing.get_origin(hint) not in {types.UnionType, typing.Union}:
        return hint
    words = [word for one in kinds if typing.get_origin(one) is Literal for word in typing.get_args(one)]
    return NumberOrWord(kinds[0], tuple(words)) if words else kinds[0]


def flag(name: str) -> str:
    """Write a field's name as an option: max_rows is --max-rows."""
    return "--" + name.replace("_", "-")


def how_to_parse(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a type hint is any object
    """Say to argparse how to read a value of this type."""
    kind = bare_type(hint)
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if typing.get_origin(kind) is Literal:
        return {"choices": typing.get_args(kind)}
    if isinstance(kind, NumberOrWord):
        return {"type": kind, "metavar": "|".join(("N", *kind.words))}
    return {"type": kind, "metavar": {int: "N", float: "X", Path: "PATH"}.get(kind, "NAME")}


def add_options(
    parser: argparse.ArgumentParser,
    kinds: Iterable[type],
    without: Collection[str] = (),
    unsaid: Collection[str] = (),
    only: Collection[str] = (),
) -> None:
    """Add the fields of these dataclasses, grouped by class; absent options stay absent in the result.

    Those that are unsaid are understood, and not in the help. Where only some are wanted, they stand with
    the verb's own options.
    """
    for kind in kinds:
        texts, hints = field_help(kind), typing.get_type_hints(kind)
        group = parser if only else parser.add_argument_group((kind.__doc__ or "").rstrip("."))
        wanted = only or {one.name for one in dataclasses.fields(kind)} - {*without}
        for one in (field for field in dataclasses.fields(kind) if field.name in wanted):
            default = "" if any(one.default is no for no in NO_DEFAULT) else f" [{one.default}]"
            help_text = (texts.get(one.name, "") + default).replace("%", "%%")
            names = [flag(one.name), *one.metadata.get("aliases", ())]
            group.add_argument(
                *names,
                dest=one.name,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS if one.name in unsaid else help_text,
                **how_to_parse(hints[one.name]),
            )


def with_hyphens(arguments: Sequence[str]) -> list[str]:
    """Accept the spelling of transformers' scripts too: --learning_rate=1e-5 is --learning-rate=1e-5."""
    out = []
    for one in arguments:
        name, equals, value = one.partition("=")
        out.append(name.replace("_", "-") + equals + value if one.startswith("--") else one)
    return out


def build(kinds: Sequence[type], values: dict[str, Any]) -> list[Any]:
    """Make each dataclass from the values that are its fields."""
    return [
        kind(**{f.name: values[f.name] for f in dataclasses.fields(kind) if f.name in values})
        for kind in kinds
    ]
