"""bad-schedule: a schedule of a pipeline, or of a target, that no system could follow.

Why it matters: GitHub refuses the whole workflow for one field of a cron line that is out of its range, and an
environment that no merge applies has no job that a schedule could start.
How to mend it: give minute (0-59), hour (0-23), day of the month (1-31), month (1-12) and day of the week (0-6, from
Sunday on), in UTC; and list the environment below `apply` too, or let the schedule look for `drift`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The schedule cannot be followed.")
SCOPE = "upstream"

_PIPELINE = "systems: [github_actions]\ninstall: pip install mlc\napply: {dev: {}}\n"
BAD = {
    "pipeline/ci.yaml": f'{_PIPELINE}schedules: {{night: {{cron: "0 25 * * *", run: apply, environments: [dev]}}}}\n'
}
GOOD = {
    "pipeline/ci.yaml": f'{_PIPELINE}schedules: {{night: {{cron: "0 23 * * *", run: apply, environments: [dev]}}}}\n'
}

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 6),
)
_ITEM = re.compile(r"(?:\*|([0-9]{1,4})(?:-([0-9]{1,4}))?)(?:/([0-9]{1,4}))?")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, target in subject.each("target"):
        if target["type"] == "kubeflow" and target["schedule"] is not None:
            yield from _of_cron(subject, address, target["schedule"]["cron"], "schedule")
    for address, pipeline in subject.each("pipeline"):
        for name, schedule in pipeline["schedules"].items():
            at = ("schedules", name)
            yield from _of_cron(subject, address, schedule["cron"], *at)
            for i, environment in enumerate(schedule["environments"]):
                known = environment in subject.project["environments"]
                if schedule["run"] == "apply" and known and environment not in pipeline["apply"]:
                    yield RULE.at(
                        subject.span(address, *at, "environments", i),
                        f'The schedule applies "{environment}", and no merge does: there is no job to start. Add it to '
                        '"apply" of this pipeline, or let the schedule run "drift".',
                        text="no merge applies it",
                        help=f"A merge applies {listed(pipeline['apply'])}." if pipeline["apply"] else "",
                        address=str(address),
                        path=".".join((*at, "environments", str(i))),
                    )


def _of_cron(subject: Subject, address: Address, cron: str, *at: str) -> Iterator[Diagnostic]:
    for reason in _mistakes(cron):
        yield RULE.at(
            subject.span(address, *at, "cron"),
            f'In "{cron}", {reason}. The fields are minute, hour, day of the month, month and day of the week, in UTC.',
            text="no time of a calendar",
            help='For example: "30 3 * * 1" is every Monday at 3:30.',
            address=str(address),
            path=".".join((*at, "cron")),
        )


def _mistakes(cron: str) -> Iterator[str]:
    """What is wrong with a line of five fields, as clauses."""
    for text, (name, low, high) in zip(cron.split(" "), _FIELDS, strict=True):
        for item in text.split(","):
            found = _ITEM.fullmatch(item)
            if found is None:
                yield f'"{item}" is no {name}'
                continue
            first, last, every = found.groups()
            numbers = [int(number) for number in (first, last) if number is not None]
            if any(not low <= number <= high for number in numbers):
                yield f'the {name} "{item}" does not lie between {low} and {high}'
            elif numbers != sorted(numbers):
                yield f'the {name} "{item}" ends before it begins'
            elif every is not None and int(every) == 0:
                yield f'the {name} "{item}" has a step of 0'
