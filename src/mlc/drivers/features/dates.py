"""Parts of dates and times as numbers: in training by NumPy's calendar, in ONNX by whole numbers alone.

A time goes in as whole seconds since 1970 (UTC), int64: float32 would be off by a minute. In ONNX the day is found
as in Howard Hinnant's "chrono-compatible low-level date algorithms" (civil_from_days), on days that are moved by
400-year eras until none is negative, because ONNX divides towards zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlc.drivers._columns import MISSING_TIME
from mlc.drivers.features.step import Nodes, Numbers, Step
from mlc.kinds._feature_steps import PART_VALUES, SECONDS, date_columns, moment

Ints = NDArray[np.int64]

_DAY = 86400
_ERA_DAYS = 146097
_ERAS = 800  # before 1970: more years than a time in microseconds has
_SHIFT = 719468 + _ERAS * _ERA_DAYS  # from 1970-01-01 to the first of March that eras are counted from


class DateParts(Step):
    """`parts`, `cyclic` and `since` as `kinds._feature_steps.Dates` has them, of each column of times (n, m) int64."""

    def __init__(
        self,
        parts: Sequence[str] = (),
        cyclic: Sequence[str] = (),
        since: Mapping[str, Any] | None = None,
    ) -> None:
        self.parts = parts
        self.cyclic = cyclic
        self.since = since

    def fit(self, table: Any, y: Any = None) -> DateParts:
        del y
        self.learn_names(table)
        return self

    def transform(self, table: Any) -> Numbers:
        """Shape (n, m · what is asked of each), column by column."""
        times = np.asarray(table, dtype=np.int64)
        return np.concatenate([self._of(times[:, place]) for place in range(times.shape[1])], axis=1)

    def names(self, names_in: Sequence[str]) -> list[str]:
        told = {"parts": self.parts, "cyclic": self.cyclic, "since": self.since}
        return [name for column in names_in for name in date_columns(column, told)]

    def onnx(self, nodes: Nodes, given: str) -> str:
        made = [_in_onnx(self, nodes, nodes.columns(given, [place])) for place in range(len(self.names_in_))]
        return made[0] if len(made) == 1 else nodes.add("Concat", *made, axis=1)

    def _of(self, seconds: Ints) -> Numbers:
        missing = seconds == MISSING_TIME
        known = np.where(missing, 0, seconds)
        made = [_part(part, known).astype(np.float32) for part in self.parts]
        for part in self.cyclic:
            waves = _waves(part)
            made += list(waves[_part(part, known) - PART_VALUES[part].start].T)
        if self.since:
            passed = (known - moment(self.since["moment"])).astype(np.float64)
            made.append((passed / SECONDS[self.since["unit"]]).astype(np.float32))
        found = np.stack(made, axis=1)
        found[missing] = np.nan
        return found


def _waves(part: str) -> Numbers:
    """Shape (values, 2): sine and cosine of each value, once around. Looked up here and in ONNX, and so alike."""
    values = PART_VALUES[part]
    angles = 2 * np.pi * np.arange(len(values)) / len(values)
    return np.stack([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def _part(part: str, seconds: Ints) -> Ints:
    """By NumPy's own calendar."""
    found: Ints = _calendar(part, seconds)
    return found


def _calendar(part: str, seconds: Ints) -> Any:
    times = seconds.astype("datetime64[s]")
    days = times.astype("datetime64[D]")
    months = times.astype("datetime64[M]")
    years = times.astype("datetime64[Y]")
    number = days.astype(np.int64)
    weekday = (number + 3) % 7  # 1970 began on a Thursday
    match part:
        case "year":
            return years.astype(np.int64) + 1970
        case "quarter":
            return (months.astype(np.int64) % 12) // 3 + 1
        case "month":
            return months.astype(np.int64) % 12 + 1
        case "week":  # the Thursday of a week is in the year that it is counted in
            thursday = days + (3 - weekday).astype("timedelta64[D]")
            first = thursday.astype("datetime64[Y]").astype("datetime64[D]")
            return (thursday - first).astype(np.int64) // 7 + 1
        case "day":
            return (days - months.astype("datetime64[D]")).astype(np.int64) + 1
        case "day_of_year":
            return (days - years.astype("datetime64[D]")).astype(np.int64) + 1
        case "weekday":
            return weekday
        case "weekend":
            return (weekday >= 5).astype(np.int64)
        case "hour":
            return (seconds % _DAY) // 3600
        case "minute":
            return (seconds % 3600) // 60
    return seconds % 60


def _in_onnx(asked: DateParts, nodes: Nodes, seconds: str) -> str:
    """The same of one column (n, 1), by whole numbers that are never negative."""
    whole = _Whole(nodes)
    missing = nodes.add("Equal", seconds, whole.number(MISSING_TIME))
    known = nodes.add("Where", missing, whole.number(0), seconds)
    moved = whole.plus(known, _SHIFT * _DAY)
    clock = _Clock(whole, whole.divided(moved, _DAY), whole.rest(moved, _DAY))
    made = [nodes.cast(clock.part(part), np.float32) for part in asked.parts]
    for part in asked.cyclic:
        place = whole.plus(clock.part(part), -PART_VALUES[part].start)
        flat = nodes.add("Reshape", place, nodes.constant(np.array([-1], np.int64)))
        made.append(nodes.add("Gather", nodes.constant(_waves(part)), flat, axis=0))
    if asked.since:
        passed = nodes.cast(whole.plus(known, -moment(asked.since["moment"])), np.float64)
        unit = nodes.constant(np.array([[SECONDS[asked.since["unit"]]]], np.float64))
        made.append(nodes.cast(nodes.add("Div", passed, unit), np.float32))
    found = made[0] if len(made) == 1 else nodes.add("Concat", *made, axis=1)
    return nodes.add("Where", missing, nodes.constant(np.array([[np.nan]], np.float32)), found)


class _Whole:
    """Arithmetic of whole numbers in a graph."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    def number(self, value: int) -> str:
        return self.nodes.constant(np.array([[value]], np.int64))

    def plus(self, given: str, value: int) -> str:
        return self.nodes.add("Add", given, self.number(value))

    def sum(self, given: str, other: str) -> str:
        return self.nodes.add("Add", given, other)

    def minus(self, given: str, other: str) -> str:
        return self.nodes.add("Sub", given, other)

    def times(self, given: str, value: int) -> str:
        return self.nodes.add("Mul", given, self.number(value))

    def divided(self, given: str, value: int) -> str:
        return self.nodes.add("Div", given, self.number(value))

    def rest(self, given: str, value: int) -> str:
        return self.nodes.add("Mod", given, self.number(value))

    def at_least(self, given: str, value: int) -> str:
        """1 or 0."""
        return self.nodes.cast(self.nodes.add("GreaterOrEqual", given, self.number(value)), np.int64)


class _Clock:
    """Parts of a day, counted from the moved beginning, and of the seconds in it."""

    def __init__(self, whole: _Whole, days: str, seconds: str) -> None:
        self._whole, self._days, self._seconds = whole, days, seconds

    def part(self, part: str) -> str:
        whole = self._whole
        match part:
            case "year" | "month" | "day" | "day_of_year":
                return self._civil(self._days)[part]
            case "quarter":
                return whole.plus(whole.divided(whole.plus(self._civil(self._days)["month"], -1), 3), 1)
            case "week":
                thursday = whole.plus(whole.minus(self._days, self._weekday()), 3)
                return whole.plus(whole.divided(whole.plus(self._civil(thursday)["day_of_year"], -1), 7), 1)
            case "weekday":
                return self._weekday()
            case "weekend":
                return whole.at_least(self._weekday(), 5)
            case "hour":
                return whole.divided(self._seconds, 3600)
            case "minute":
                return whole.divided(whole.rest(self._seconds, 3600), 60)
        return whole.rest(self._seconds, 60)

    def _weekday(self) -> str:
        return self._whole.rest(self._whole.plus(self._days, (3 - _SHIFT) % 7), 7)

    def _civil(self, days: str) -> dict[str, str]:
        """Years that begin in March, so that the day that may be missing is the last one."""
        whole = self._whole
        era_day = whole.rest(days, _ERA_DAYS)
        leaps = whole.minus(whole.divided(era_day, 1460), whole.divided(era_day, 36524))
        leaps = whole.sum(leaps, whole.divided(era_day, 146096))
        era_year = whole.divided(whole.minus(era_day, leaps), 365)
        before = whole.minus(whole.divided(era_year, 4), whole.divided(era_year, 100))
        march_day = whole.minus(era_day, whole.sum(whole.times(era_year, 365), before))
        march_month = whole.divided(whole.plus(whole.times(march_day, 5), 2), 153)
        day = whole.plus(
            whole.minus(march_day, whole.divided(whole.plus(whole.times(march_month, 153), 2), 5)), 1
        )
        is_next = whole.at_least(march_month, 10)  # January and February are of the next year
        month = whole.minus(whole.plus(march_month, 3), whole.times(is_next, 12))
        year = whole.sum(whole.sum(era_year, whole.times(whole.divided(days, _ERA_DAYS), 400)), is_next)
        year = whole.plus(year, -400 * _ERAS)
        return {
            "year": year,
            "month": month,
            "day": day,
            "day_of_year": self._day_of_year(year, march_day, is_next),
        }

    def _day_of_year(self, year: str, march_day: str, is_next: str) -> str:
        """From the day since the first of March: 59 or 60 days are before that, 306 after its December's last."""
        whole = self._whole
        era = whole.plus(year, 400 * _ERAS)  # never negative

        def divides(number: int) -> str:
            """1 or 0."""
            return whole.nodes.add("Sub", whole.number(1), whole.at_least(whole.rest(era, number), 1))

        leap = whole.sum(whole.minus(divides(4), divides(100)), divides(400))
        from_march = whole.plus(whole.sum(march_day, leap), 60)
        back = whole.nodes.add("Mul", is_next, whole.plus(leap, 365))
        return whole.minus(from_march, back)
