"""What is applied → the plan that removes all of it."""

from __future__ import annotations

from mlc.ir.graph import Graph
from mlc.ir.plan import Plan
from mlc.ir.state import State
from mlc.plan import World, plan


def destruction(project: str, environment: str, state: State, world: World) -> Plan:
    """What has to be done so that nothing is there any more: as if nothing were described."""
    nothing = Graph(environment, {"project": project, "moved": {}}, (), ())
    return plan(nothing, (), state, world)
