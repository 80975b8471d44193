"""Plain data as YAML, written as OmegaConf writes it: in the order it has, strings quoted where they must be."""

from __future__ import annotations

from typing import Any


def bare(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return text
