"""A small language of expressions over the columns of a row: typed before a row is read, and never run as code.

`paid / amount`, `"late" if days > 30 else "on time"`, `year(started) >= 2020 and not is_missing(city)`: Python's
notation, of which only what stands in `FUNCTIONS` and in the operators below has a meaning. A value that is missing
makes missing what is computed from it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct

LONGEST = 2_000  # characters
DEEPEST = 50  # levels

NUMBERS = ("integer", "number")
MOMENTS = ("date", "datetime")
TYPES = ("integer", "number", "string", "boolean", "date", "datetime")


class Typed(Struct, frozen=True):
    """A part of an expression: an operator or a function over its arguments, a column, or a value.

    `kind` is the type that it has; `op` is `column` (value: its name), `value`, a function's name or an operator.
    """

    op: str
    kind: str
    arguments: tuple[Typed, ...] = ()
    value: Any = None


class Mistake(Exception):
    """What is wrong with an expression, in a few words; `word` is one that is not known, `known` those that are."""

    def __init__(self, what: str, word: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.word, self.known = word, tuple(known)


class Function(Struct, frozen=True):
    """`takes` are the types of each argument; the last is that of all further ones where `many`."""

    takes: tuple[tuple[str, ...], ...]
    gives: str
    about: str
    many: bool = False


_NUMBER, _TEXT, _MOMENT = NUMBERS, ("string",), MOMENTS
_ANY = ("string", "integer", "number", "boolean")

FUNCTIONS: dict[str, Function] = {
    "abs": Function((_NUMBER,), "same", "without its sign"),
    "ceil": Function((_NUMBER,), "integer", "the next whole number above"),
    "floor": Function((_NUMBER,), "integer", "the next whole number below"),
    "round": Function((_NUMBER,), "integer", "the nearest whole number, half to even"),
    "sqrt": Function((_NUMBER,), "number", "square root; missing below 0"),
    "log": Function((_NUMBER,), "number", "natural logarithm; missing where not above 0"),
    "log1p": Function((_NUMBER,), "number", "log(1 + x)"),
    "exp": Function((_NUMBER,), "number", "e to the power of x"),
    "sin": Function((_NUMBER,), "number", "sine of radians"),
    "cos": Function((_NUMBER,), "number", "cosine of radians"),
    "min": Function((TYPES, TYPES), "common", "the smallest that is not missing", many=True),
    "max": Function((TYPES, TYPES), "common", "the largest that is not missing", many=True),
    "coalesce": Function((TYPES, TYPES), "common", "the first that is not missing", many=True),
    "is_missing": Function((TYPES,), "boolean", "whether it is missing"),
    "lower": Function((_TEXT,), "string", "in small letters"),
    "upper": Function((_TEXT,), "string", "in capital letters"),
    "trim": Function((_TEXT,), "string", "without space at its ends"),
    "length": Function((_TEXT,), "integer", "how many characters"),
    "contains": Function((_TEXT, _TEXT), "boolean", "whether the second stands in the first"),
    "starts_with": Function((_TEXT, _TEXT), "boolean", "whether the first begins with the second"),
    "ends_with": Function((_TEXT, _TEXT), "boolean", "whether the first ends with the second"),
    "text": Function((TYPES,), "string", "as text"),
    "number": Function((_ANY,), "number", "as a number; missing where it is none"),
    "integer": Function((_ANY,), "integer", "as a whole number, towards 0"),
    "year": Function((_MOMENT,), "integer", "the year"),
    "month": Function((_MOMENT,), "integer", "the month, 1 to 12"),
    "day": Function((_MOMENT,), "integer", "the day of the month"),
    "weekday": Function((_MOMENT,), "integer", "the day of the week, 1 (Monday) to 7"),
    "day_of_year": Function((_MOMENT,), "integer", "the day of the year, from 1"),
    "hour": Function((("datetime",),), "integer", "the hour, 0 to 23"),
    "minute": Function((("datetime",),), "integer", "the minute"),
    "days_between": Function((_MOMENT, _MOMENT), "number", "days from the first to the second"),
    "date": Function((("string",),), "date", "a date, written out: date(\"2020-01-31\")"),
    "datetime": Function((("string",),), "datetime", "a time, written out"),
    "column": Function((("string",),), "column", "a column whose name is no word: column(\"unit price\")"),
}  # fmt: skip

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def parse(text: str, columns: Mapping[str, str]) -> Typed:
    """The expression with the type of every part; `columns` are the types by the columns' names. Raises Mistake."""
    if len(text) > LONGEST:
        raise Mistake(f"it is longer than {LONGEST:,} characters")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        what = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply"
        raise Mistake(f"it cannot be read: {what}") from None
    return _typed(body, columns, 0)


def columns_in(found: Typed) -> tuple[str, ...]:
    """The columns that an expression reads, each once."""
    own = (found.value,) if found.op == "column" else ()
    return tuple(dict.fromkeys([*own, *(name for one in found.arguments for name in columns_in(one))]))


def fits(kind: str, wanted: str) -> bool:
    """Whether a value of a type can stand in a column of another: a whole number is a number."""
    return kind == wanted or (kind == "integer" and wanted == "number")


def _typed(node: ast.expr, columns: Mapping[str, str], depth: int) -> Typed:
    if depth > DEEPEST:
        raise Mistake("it is nested too deeply")

    def inner(one: ast.expr) -> Typed:
        return _typed(one, columns, depth + 1)

    match node:
        case ast.Name(id=name):
            return _column(name, columns)
        case ast.Constant(value=value):
            return _value(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Typed("not", "boolean", (_of(inner(operand), ("boolean",), "not"),))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _of(inner(operand), NUMBERS, "-")
            return Typed("negative", found.kind, (found,))
        case ast.BoolOp(op=operator, values=values):
            word = "and" if isinstance(operator, ast.And) else "or"
            return Typed(word, "boolean", tuple(_of(inner(one), ("boolean",), word) for one in values))
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _ARITHMETIC:
            return _arithmetic(_ARITHMETIC[type(operator)], inner(left), inner(right))
        case ast.Compare(left=left, ops=operators, comparators=others):
            return _comparison([inner(left)], operators, others, inner)
        case ast.IfExp(test=test, body=body, orelse=other):
            arguments = (inner(body), inner(other))
            kind = _common(arguments, "if … else")
            return Typed("if", kind, (_of(inner(test), ("boolean",), "if"), *arguments))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]):
            return _call(name, given, columns, inner)
    raise Mistake(f"`{ast.unparse(node)[:60]}` is nothing that an expression may hold")


def _column(name: str, columns: Mapping[str, str]) -> Typed:
    if name not in columns:
        raise Mistake(f"there is no column `{name}`", name, columns)
    return Typed("column", columns[name], value=name)


def _value(value: Any) -> Typed:
    for type_, kind in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, type_):
            if isinstance(value, int) and abs(value) >= 2**63:
                raise Mistake(f"{value} is too large")
            return Typed("value", kind, value=value)
    raise Mistake(f"{value!r} is no value of a column; `is_missing(x)` asks whether one is missing")


def _arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    if operator == "+" and left.kind == right.kind == "string":
        return Typed("join", "string", (left, right))
    both = (_of(left, NUMBERS, operator), _of(right, NUMBERS, operator))
    is_whole = operator != "/" and {one.kind for one in both} == {"integer"}
    return Typed(operator, "integer" if is_whole else "number", both)


def _comparison(
    left: list[Typed],
    operators: Sequence[ast.cmpop],
    others: Sequence[ast.expr],
    inner: Callable[[ast.expr], Typed],
) -> Typed:
    """`a < b < c` is `a < b and b < c`; `a in (1, 2)` and `a not in (1, 2)` compare with each value."""
    found: list[Typed] = []
    for operator, other in zip(operators, others, strict=True):
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(other, ast.Tuple | ast.List) or not other.elts:
                raise Mistake('`in` takes values in parentheses, such as city in ("Oslo", "Rome")')
            values = tuple(inner(one) for one in other.elts)
            for one in values:
                _common((left[-1], one), "in")
            among = Typed("in", "boolean", (left[-1], *values))
            found.append(Typed("not", "boolean", (among,)) if isinstance(operator, ast.NotIn) else among)
            left.append(left[-1])
            continue
        if type(operator) not in _COMPARISONS:
            raise Mistake("`is` compares nothing here; write == or is_missing(…)")
        left.append(inner(other))
        kind = _common(left[-2:], _COMPARISONS[type(operator)])
        if kind == "boolean" and not isinstance(operator, ast.Eq | ast.NotEq):
            raise Mistake(f"`{_COMPARISONS[type(operator)]}` does not compare booleans")
        found.append(Typed(_COMPARISONS[type(operator)], "boolean", (left[-2], left[-1])))
    return found[0] if len(found) == 1 else Typed("and", "boolean", tuple(found))


def _call(
    name: str, given: Sequence[ast.expr], columns: Mapping[str, str], inner: Callable[[ast.expr], Typed]
) -> Typed:
    if name not in FUNCTIONS:
        raise Mistake(f"there is no function `{name}`", name, FUNCTIONS)
    function = FUNCTIONS[name]
    if len(given) < len(function.takes) or (len(given) > len(function.takes) and not function.many):
        raise Mistake(f"`{name}` takes {len(function.takes)} of them and is given {len(given)}")
    if name in ("column", "date", "datetime"):
        return _written_out(name, given[0], columns)
    takes = [*function.takes, *[function.takes[-1]] * (len(given) - len(function.takes))]
    arguments = tuple(_of(inner(one), kinds, name) for one, kinds in zip(given, takes, strict=True))
    kind = {"same": arguments[0].kind, "common": ""}.get(function.gives, function.gives)
    return Typed(name, kind or _common(arguments, name), arguments)


def _written_out(name: str, given: ast.expr, columns: Mapping[str, str]) -> Typed:
    """A column by its name, a date or a time: what stands between quotes is known before any row."""
    text = given.value if isinstance(given, ast.Constant) else None
    if not isinstance(text, str):
        raise Mistake(f"`{name}` takes a text between quotes")
    if name == "column":
        return _column(text, columns)
    try:
        moment = (date if name == "date" else datetime).fromisoformat(text)
    except ValueError:
        raise Mistake(f'"{text}" is no {name} in ISO 8601') from None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        raise Mistake("times have no zone here; those of the data are in UTC")
    return Typed("value", name, value=moment)


def _of(found: Typed, kinds: tuple[str, ...], operator: str) -> Typed:
    if found.kind not in kinds:
        raise Mistake(f"`{operator}` takes {_listed(kinds)}, and is given {_a(found.kind)}")
    return found


def _common(arguments: Sequence[Typed], operator: str) -> str:
    """The type that values have together: whole numbers and numbers are numbers, dates and times are times."""
    kinds = {one.kind for one in arguments}
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {"integer", "number"}:
        return "number"
    if kinds == {"date", "datetime"}:
        return "datetime"
    both = " and ".join(_a(kind) for kind in sorted(kinds))
    raise Mistake(f"`{operator}` has {both} together, which are not alike")


def _a(kind: str) -> str:
    return f"{'an' if kind[0] == 'i' else 'a'} {kind}"


def _listed(kinds: Sequence[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} or {kinds[-1]}"
