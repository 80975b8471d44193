"""Layers → nodes with spans. Nothing here raises for what a file says; it returns what is wrong with it."""

from mlc.load.reader import read

__all__ = ["read"]
