"""One filter per sink: a value becomes text that the sink reads back as that value, and never as structure.

Every value in a template ends in one of these. They take plain values only (text, numbers, booleans, None,
lists and maps of them) and raise TypeError for anything else, ValueError for what the sink cannot hold.
"""

from __future__ import annotations

import json as json_library
import math
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from markupsafe import Markup
from markupsafe import escape as escape_markup

_PLAIN_YAML = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")
_YAML_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])
_YAML_KEY_LIMIT = 1000  # characters; YAML reads an implicit key only up to 1024
_SIMPLE_WORD = re.compile(r"[A-Za-z0-9._/:@+][A-Za-z0-9._/:@+-]*")
_PATH_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_REQUIREMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?==[0-9][0-9A-Za-z.!+_-]*")
_MARKER = re.compile(r"[A-Za-z0-9_.'\"<>=!~() ,+*-]+")
_HASH = re.compile(r"sha(?:256|384|512):[0-9a-f]+")
_AZURE_VARIABLE = re.compile(r"\$\([^()]*\)|\A\s*\$\[")
_MARKDOWN_ALWAYS = re.compile(r"([\\`*_\[\]<>&|~$#!^{}])")
_MARKDOWN_AT_START = re.compile(r"^(?:([+=-])|([0-9]+)([.)]))")
_MARKDOWN_LINK = re.compile(r":(?=//|[A-Za-z0-9_+-]+:)|(?<=www)\.|@", re.IGNORECASE)


def yaml(value: Any) -> str:
    """A scalar or a flow collection of YAML 1.1 and 1.2 alike, plain where nothing could misread it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _yaml_float(value)
        case str():
            return _yaml_text(value)
        case Mapping():
            entries = (f"{_yaml_key(key)}: {yaml(child)}" for key, child in value.items())
            return "{" + ", ".join(entries) + "}"
        case list() | tuple():
            return "[" + ", ".join(yaml(child) for child in value) + "]"
    raise _not_plain(value)


def yaml_block(value: Any, indent: int) -> str:
    """A nested value in YAML's block style. The first line stands where the template puts it; the lines
    after it are indented by `indent` spaces."""
    return f"\n{' ' * indent}".join(_block_lines(value))


def json(value: Any, indent: int | None = None) -> str:
    """A JSON value; `indent` spreads it over lines. Infinite numbers and NaN are refused with ValueError."""
    text = json_library.dumps(_checked_plain(value), ensure_ascii=False, allow_nan=False, default=_refuse)
    if indent is not None:
        text = _spread(text, indent)
    # Within JSON a line break or another invisible character can only stand as layout or inside a string.
    if text.replace("\n", "").isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _utf16_escapes(char) for char in text)


def shell(value: Any) -> str:
    """One word of a POSIX shell script. A zero byte cannot be a part of one: ValueError."""
    text = as_text(value)
    if "\0" in text:
        raise ValueError("a word of a shell script cannot hold a zero byte")
    return shlex.quote(text)


def dockerfile(value: Any) -> str:
    """One word of a Dockerfile instruction (FROM, LABEL, ENV, ARG). The format cannot hold line breaks and
    other invisible characters in a word: they become spaces."""
    text = _single_line(as_text(value))
    if _SIMPLE_WORD.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\$])', r"\\\1", text) + '"'


def github(value: Any) -> str:
    """A YAML value of a GitHub workflow in which no text starts an expression: `${{` is itself written as
    an expression that yields those three characters."""
    return yaml(_without_expressions(value))


def azure(value: Any) -> str:
    """A YAML value of an Azure pipeline in which no text starts a template expression. What Azure would replace
    by a variable (`$(name)`, `$[…]`) cannot be written otherwise: ValueError."""
    _refuse_variables(value)
    return yaml(_without_expressions(value))


def compose(value: Any) -> str:
    """A YAML value of a Compose file in which nothing is replaced by a variable: `$` is written `$$`."""
    return yaml(_with_dollars_doubled(value))


def dvc(value: Any) -> str:
    """A YAML text of a dvc.yaml in which DVC replaces nothing by a parameter: `${` is written `\\${`."""
    return yaml(as_text(value).replace("${", "\\${"))


def prometheus(value: Any) -> str:
    """A YAML text of a rule of Prometheus in which nothing starts a template: `{{` is written as one that yields it."""
    return yaml(as_text(value).replace("{{", '{{ "{{" }}'))


def expression(value: Any) -> str:
    """A text within an expression of GitHub's or Azure's, over any lines of YAML: nothing in it ends the text.
    What such a place cannot hold (invisible characters, the beginning of another expression) is a ValueError."""
    text = as_text(value)
    if not text.isprintable() or "${{" in text or "}}" in text:
        raise ValueError(f"{text!r} cannot stand within an expression")
    return "'" + text.replace("'", "''") + "'"


def markdown(value: Any) -> str:
    """Inline text of CommonMark and GitHub's Markdown: nothing in it is markup, a link or a mention, and
    line breaks become spaces."""
    text = " ".join(_single_line(as_text(value)).split())
    text = _MARKDOWN_LINK.sub(r"\\\g<0>", _MARKDOWN_ALWAYS.sub(r"\\\1", text))
    return _MARKDOWN_AT_START.sub(_escape_list_marker, text)


def html(value: Any) -> Markup:
    """Text or the quoted value of an attribute in HTML."""
    return escape_markup(as_text(value))


def comment(value: Any) -> str:
    """The rest of a line that a sink ignores: invisible characters and line breaks become spaces."""
    return _single_line(as_text(value))


def pbtxt(value: Any) -> str:
    """A string of protobuf's text format, in double quotes; what is invisible is written as octal bytes of UTF-8."""
    return '"' + "".join(_PBTXT.get(char) or _octal(char) for char in as_text(value)) + '"'


def requirement(value: Any) -> str:
    """One line of a pip requirements file, `name==version`; anything else is refused with ValueError."""
    text = as_text(value)
    if not _REQUIREMENT.fullmatch(text):
        raise ValueError(f"{text!r} is not a package at an exact version, written name==version")
    return text


def locked(value: Any) -> str:
    """A package of a lock for pip: `name==version ; marker`, with each hash on a line of its own.

    `value` is a map of `requirement`, `marker` and `hashes`. Raises TypeError for what is not plain data, and
    ValueError for what is none of these.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{as_text(value)!r} is no package of a lock")
    head, marker = requirement(value["requirement"]), as_text(value["marker"])
    if marker and not _MARKER.fullmatch(marker):
        raise ValueError(f"{marker!r} is no marker of a requirement")
    hashes = [as_text(one) for one in value["hashes"]]
    if not hashes or not all(_HASH.fullmatch(one) for one in hashes):
        raise ValueError(f"{hashes!r} are no hashes of files")
    lines = [f"{head} ; {marker}" if marker else head, *(f"    --hash={one}" for one in hashes)]
    return " \\\n".join(lines)


def path_part(value: Any) -> str:
    """One name in the path of an artifact; a separator or a leading dot is refused with ValueError."""
    text = as_text(value)
    if not _PATH_PART.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a part of an artifact's path")
    return text


FILTERS: dict[str, Callable[..., str]] = {
    "yaml": yaml,
    "yaml_block": yaml_block,
    "locked": locked,
    "json": json,
    "shell": shell,
    "dockerfile": dockerfile,
    "github": github,
    "azure": azure,
    "compose": compose,
    "dvc": dvc,
    "expression": expression,
    "markdown": markdown,
    "html": html,
    "comment": comment,
    "requirement": requirement,
    "prometheus": prometheus,
    "pbtxt": pbtxt,
}


def _yaml_text(text: str) -> str:
    if _PLAIN_YAML.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    text = text.translate(_YAML_ESCAPES)  # most have no other: whole pipelines pass through here
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    return f'"{text}"'


_YAML_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


_PBTXT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _octal(char: str) -> str:
    return char if char.isprintable() else "".join(f"\\{byte:03o}" for byte in char.encode())


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _yaml_float(number: float) -> str:
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    text = repr(number)
    # YAML 1.1 takes 1e-05 for text: its numbers need a point before the exponent
    return text if "." in text else text.replace("e", ".0e")


def _yaml_key(key: Any) -> str:
    text = yaml(key)
    return text if len(text) <= _YAML_KEY_LIMIT else f"? {text} "


def _block_lines(value: Any) -> list[str]:
    if isinstance(value, Mapping) and value:
        lines = []
        for key, child in value.items():
            name = yaml(key)
            if len(name) > _YAML_KEY_LIMIT:
                lines.append(f"? {name}")
                name = ""
            if isinstance(child, Mapping | list | tuple) and child:
                lines.append(f"{name}:")
                lines.extend(f"  {line}" for line in _block_lines(child))
            else:
                lines.append(f"{name}: {yaml(child)}")
        return lines
    if isinstance(value, list | tuple) and value:
        lines = []
        for child in value:
            first, *rest = _block_lines(child)
            lines.append(f"- {first}")
            lines.extend(f"  {line}" for line in rest)
        return lines
    return [yaml(value)]


def _spread(text: str, indent: int) -> str:
    """JSON over several lines, as Python's own encoder spreads it: that is slow."""
    try:
        return msgspec.json.format(text, indent=indent) if indent > 0 else _slowly(text, indent)
    except ValueError:  # half of a surrogate pair
        return _slowly(text, indent)


def _slowly(text: str, indent: int) -> str:
    return json_library.dumps(json_library.loads(text), ensure_ascii=False, allow_nan=False, indent=indent)


def _utf16_escapes(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _without_expressions(value: Any) -> Any:
    match value:
        case str():
            return value.replace("${{", "${{ '${{' }}")
        case Mapping():
            return {_without_expressions(key): _without_expressions(child) for key, child in value.items()}
        case list() | tuple():
            return [_without_expressions(child) for child in value]
    return value


def _with_dollars_doubled(value: Any) -> Any:
    match value:
        case str():
            return value.replace("$", "$$")
        case Mapping():
            return {_with_dollars_doubled(key): _with_dollars_doubled(child) for key, child in value.items()}
        case list() | tuple():
            return [_with_dollars_doubled(child) for child in value]
    return value


def _refuse_variables(value: Any) -> None:
    match value:
        case str():
            if found := _AZURE_VARIABLE.search(value):
                raise ValueError(f"Azure would replace {found.group(0)!r} in {value!r} by a variable")
        case Mapping():
            for key, child in value.items():
                _refuse_variables(key)
                _refuse_variables(child)
        case list() | tuple():
            for child in value:
                _refuse_variables(child)


def _escape_list_marker(found: re.Match[str]) -> str:
    marker, number, delimiter = found.groups()
    return f"\\{marker}" if marker else f"{number}\\{delimiter}"


def _single_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def as_text(value: Any) -> str:
    """A scalar as text, booleans and None as JSON spells them."""
    match value:
        case str():
            return value
        case bool() | None:
            return json_library.dumps(value)
        case int() | float():
            return repr(value)
    raise _not_plain(value)


def _checked_plain(value: Any) -> Any:
    """The value itself, once it is certain that JSON would not coerce any key of it to text."""
    if type(value) is str:
        return value
    match value:
        case dict() | Mapping():
            for key, child in value.items():
                if not isinstance(key, str):
                    raise _not_plain(key)
                _checked_plain(child)
        case list() | tuple():
            for child in value:
                _checked_plain(child)
    return value


def _refuse(value: Any) -> Any:
    raise _not_plain(value)


def _not_plain(value: Any) -> TypeError:
    str(value)  # an undefined value of Jinja's raises here, and says which name is missing
    return TypeError(f"a template was given a {type(value).__name__}, which is not plain data: {value!r}")
