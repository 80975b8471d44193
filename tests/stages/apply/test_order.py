"""Which step starts when."""

from __future__ import annotations

import random

from mlc.apply.budget import Budget, Need, fits, of_this_machine
from mlc.apply.order import REMOVING, Order
from mlc.ir.plan import VERSION, Action, Plan, Step

GIB = 1 << 30


def plan_of(*steps: Step) -> Plan:
    return Plan(VERSION, "mlc", "p", "dev", "", 0, steps)


def step(name: str, *needs: str, action: Action = "create") -> Step:
    return Step(name, name, action, depends_on=needs)


def test_one_at_a_time_is_the_order_of_the_plan() -> None:
    order = Order(plan_of(step("a"), step("b", "a"), step("c"), step("d", "b", "c")))
    names = []
    while (found := order.next()) is not None:
        names.append(found.id)
        order.over(found)
    assert (names, order.waiting) == (["a", "b", "c", "d"], 0)


def test_what_waits_for_something_does_not_start() -> None:
    order = Order(plan_of(step("a"), step("b", "a"), step("c", "gone"), step("d", "a", "c")))
    first, second = order.next(), order.next()
    assert first is not None
    assert second is not None
    assert (first.id, second.id, order.next()) == ("a", "c", None)
    order.over(first)
    third = order.next()
    assert third is not None
    assert (third.id, order.next(), order.waiting) == ("b", None, 1)


def test_the_old_goes_when_the_new_is_there() -> None:
    order = Order(
        plan_of(step("old", action="undo"), step("a"), step("gone", "old", action="delete"), step("b"))
    )
    a, b = order.next(), order.next()
    assert a is not None
    assert b is not None
    order.over(b)
    assert (a.id, b.id, order.next()) == ("a", "b", None)
    order.over(a)
    old = order.next()
    assert old is not None
    assert (old.id, order.next()) == ("old", None)


def test_every_step_starts_once_after_all_it_needs() -> None:
    draw = random.Random(1)
    for _ in range(200):
        names = [str(number) for number in range(draw.randrange(1, 15))]
        steps = [
            step(
                name,
                *draw.sample(names[:place], draw.randrange(0, min(place, 3) + 1)),
                action=draw.choice(["create", "run", "remove"]),
            )
            for place, name in enumerate(names)
        ]
        order = Order(plan_of(*steps))
        started: list[Step] = []
        over: set[str] = set()
        while len(over) < len(steps):
            while (found := order.next()) is not None:
                assert over >= set(found.depends_on)
                if found.action in REMOVING:
                    assert over >= {one.id for one in steps if one.action not in REMOVING}
                started.append(found)
            running = [one for one in started if one.id not in over]
            # removals that others wait for are left out, as no plan has such
            if not running:
                assert any(one.action in REMOVING for one in steps)
                break
            ended = draw.choice(running)
            over.add(ended.id)
            order.over(ended)
        assert len({one.id for one in started}) == len(started)


def test_what_remains_is_given_up_at_once() -> None:
    order = Order(plan_of(step("a"), step("b", "a"), step("c", action="undo")))
    assert order.next() is not None
    assert [one.id for one in order.rest()] == ["b", "c"]
    assert (order.next(), order.waiting) == (None, 0)


def test_a_budget_is_kept() -> None:
    budget = Budget(cores=4, memory=2 * GIB)
    one = Need(1, GIB // 4)
    assert fits(one, (one, one, one), budget)
    assert not fits(one, (one, one, one, one), budget)
    assert not fits(Need(2, 0), (one, one, one), budget)
    assert not fits(Need(1, GIB), (Need(1, GIB), one), budget)
    assert fits(Need(64, 64 * GIB), (), budget), "what needs more than there is runs alone"
    assert not fits(one, (Need(64, 0),), budget)


def test_what_measures_time_is_alone() -> None:
    budget = Budget(cores=8, memory=GIB)
    alone, other = Need(0, 0), Need(1, 0)
    assert fits(alone, (), budget)
    assert not fits(alone, (other,), budget)
    assert not fits(other, (alone,), budget)


def test_this_machine_has_something() -> None:
    found = of_this_machine(None)
    assert found.cores >= 1
    assert found.memory > 50_000_000
    assert of_this_machine(7).cores == 7
