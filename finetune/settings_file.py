"""Reads a YAML file of settings: what is said there holds where the command line says nothing."""

from __future__ import annotations

import dataclasses
import typing
from typing import TYPE_CHECKING, Any, Literal

import yaml

from finetune.arguments import bare_type
from finetune.errors import DataError, Problem, RequestError
from finetune.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

YAML = "tag:yaml.org,2002:"  # before the name of what YAML takes a value for


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
