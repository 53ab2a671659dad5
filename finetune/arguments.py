"""Turns option dataclasses into a command line and a YAML file, and what the user gave back into dataclasses.

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

import yaml

from finetune.errors import DataError, Problem, RequestError, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


YAML = "tag:yaml.org,2002:"  # before the name of what YAML takes a value for
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
) -> None:
    """Add the fields of these dataclasses, grouped by class; absent options stay absent in the result.

    Those that are unsaid are understood, and not in the help.
    """
    for kind in kinds:
        texts, hints = field_help(kind), typing.get_type_hints(kind)
        group = parser.add_argument_group((kind.__doc__ or "").rstrip("."))
        for one in (field for field in dataclasses.fields(kind) if field.name not in without):
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


def convert(hint: Any, node: yaml.Node) -> Any:  # noqa: ANN401 - any type in, that type out
    """Make of a value in YAML what the field wants ("runs/x" a Path), or raise a ValueError.

    The text of the file is read, not what YAML takes it for: "on" may be a choice, and 007 a name.
    """
    kind, tag = bare_type(hint), node.tag.removeprefix(YAML)
    if tag == "null" and type(None) in typing.get_args(hint):
        return None
    choices = typing.get_args(kind) if typing.get_origin(kind) is Literal else None
    known = isinstance(node, yaml.ScalarNode) and node.tag in yaml.SafeLoader.yaml_constructors
    if (
        not known
        or tag == "null"
        or (kind is bool and tag != "bool")
        or node.value not in (choices or [node.value])
    ):
        raise ValueError
    if kind is bool:
        return yaml.SafeLoader.bool_values[node.value.lower()]
    return node.value if choices else kind(node.value)


def shown(node: yaml.Node) -> str:
    """Write a value of YAML for a message: 2.5 as it is, a text in quotes."""
    if not isinstance(node, yaml.ScalarNode):
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    if not node.tag.startswith(YAML):
        return shorten(f"{node.tag} {node.value}")
    return shorten(node.value) if node.tag == f"{YAML}str" else node.value or "nothing"


def wanted(hint: Any) -> str:  # noqa: ANN401 - a type hint is any object
    """Name what a field takes: int, or its choices."""
    kind = bare_type(hint)
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(typing.get_args(kind))}"
    return str(kind.__name__)


def spellings(kinds: Sequence[type]) -> dict[str, str]:
    """Map every name that an option has to its field: epochs and num_train_epochs are one."""
    every = [one for kind in kinds for one in dataclasses.fields(kind)]
    aliases = {name: one.name for one in every for name in one.metadata.get("aliases", ())}
    short = {name.lstrip("-").replace("-", "_"): field for name, field in aliases.items()}
    return {**short, **{one.name: one.name for one in every}}


def from_yaml(path: Path, kinds: Sequence[type]) -> dict[str, Any]:
    """Read a flat YAML mapping of options; an unknown name or a wrong value is an error with its line."""
    names = spellings(kinds)
    hints = {name: hint for kind in kinds for name, hint in typing.get_type_hints(kind).items()}
    out: dict[str, Any] = {}
    for key, value in yaml_mapping(path).value:
        line = key.start_mark.line + 1
        name = names.get(str(key.value).replace("-", "_"))
        if name is None:
            found, known = f"the setting {shorten(key.value)}", ", ".join(sorted(hints))
            raise DataError(Problem(path, line, found, f"one of: {known}", "correct its name"))
        if name in out:
            found = f"{name} again" if name == key.value else f"{name} again, as {key.value}"
            raise DataError(Problem(path, line, found, "each setting once", "remove one of them"))
        try:
            out[name] = convert(hints[name], value)
        except (ValueError, KeyError):
            found = f"{name}: {shown(value)}"
            raise DataError(Problem(path, line, found, wanted(hints[name]), "correct the value")) from None
    return out


def yaml_mapping(path: Path) -> yaml.MappingNode:
    """Parse the file as far as its top mapping."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise RequestError(f"--config {path}: {error.strerror}; name a YAML file that can be read") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        found = f"no YAML ({getattr(error, 'problem', error)})"
        raise DataError(
            Problem(path, line, found, "lines such as 'learning_rate: 5e-5'", "mend it")
        ) from None
    if not isinstance(node, yaml.MappingNode):
        raise DataError(Problem(path, 1, "no settings", "lines such as 'learning_rate: 5e-5'", "add one"))
    return node


def build(kinds: Sequence[type], values: dict[str, Any]) -> list[Any]:
    """Make each dataclass from the values that are its fields."""
    return [
        kind(**{f.name: values[f.name] for f in dataclasses.fields(kind) if f.name in values})
        for kind in kinds
    ]
