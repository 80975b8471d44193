"""What only a person can say of a model for the technical documentation of the EU AI Act."""

from typing import Annotated, Any

from msgspec import Struct, to_builtins

from mlc.kinds._fields import about
from mlc.kinds._kind import View


class Documentation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Annex IV of Regulation (EU) 2024/1689 asks for and no step can measure. What is not said is shown as
    missing."""

    provider: Annotated[str, about("Who provides the system, and where to reach them. Annex IV, 1 (a).")] = ""
    interaction: Annotated[
        str, about("With which other hardware and software the system works together. 1 (b).")
    ] = ""
    forms: Annotated[
        str, about("In which forms it is put into service: a service, a download, …. 1 (d).")
    ] = ""
    hardware: Annotated[str, about("On which hardware it is to run. 1 (e).")] = ""
    user_interface: Annotated[str, about("What a deployer sees and works with. 1 (g).")] = ""
    instructions: Annotated[str, about("How it is used, or where that is told. 1 (h).")] = ""
    design: Annotated[
        str, about("Why it is made so: the logic, the assumptions, the trade-offs that were made. 2 (b).")
    ] = ""
    data_collection: Annotated[
        str, about("How the data were chosen, collected, labelled and cleaned before they came here. 2 (d).")
    ] = ""
    human_oversight: Annotated[
        str,
        about("Who watches over it, how its answers are understood and how they are overruled. 2 (e), 3."),
    ] = ""
    predetermined_changes: Annotated[
        str, about("Changes that are foreseen, and what keeps it compliant then. 2 (f).")
    ] = ""
    cybersecurity: Annotated[str, about("What protects it. 2 (h).")] = ""
    unintended_outcomes: Annotated[
        str, about("What may go wrong for health, safety, rights, and by discrimination. 3.")
    ] = ""
    metrics: Annotated[str, about("Why these metrics are right for what it is for. 4.")] = ""
    risk_management: Annotated[str, about("How risks are found, weighed and met (Article 9). 5.")] = ""
    changes: Annotated[str, about("What was changed in its lifetime. 6.")] = ""
    standards: Annotated[
        list[str],
        about(
            "Harmonised standards that were applied, or what stands in their place. 7.",
            example=["ISO/IEC 42001:2023"],
        ),
    ] = []
    declaration: Annotated[str, about("Where the EU declaration of conformity is. 8.")] = ""
    post_market_monitoring: Annotated[
        str, about("How it is watched once it is in use, and the plan for that (Article 72). 9.")
    ] = ""


FIELDS = tuple(Documentation.__struct_fields__)


def documented_by(view: View) -> dict[str, Any]:
    """What the author says, with nothing where nothing is said."""
    said: dict[str, Any] = view["documentation"] or to_builtins(Documentation())
    return said


def data_told(view: View) -> dict[str, Any]:
    """What is known of the data of a model's dataset: columns, promises, what is done to the rows."""
    dataset = view["dataset"]
    return {
        "columns": {
            name: {key: column[key] for key in ("type", "role", "unit", "description", "nullable", "pii")}
            for name, column in dataset["columns"].items()
        },
        "checks": {
            "min_rows": dataset["checks"]["min_rows"],
            "max_quarantined": dataset["checks"]["max_quarantined"],
            "expressions": dataset["checks"]["expressions"],
        },
        "prepare": [
            f"{name}: {step['method'].replace('_', ' ')}" for name, step in dataset["prepare"].items()
        ],
        "private": sorted(name for name, said in (dataset["privacy"] or {}).items() if said),
        "split": dataset["split"]["method"].replace("_", " "),
    }
