"""Estimates and their intervals: pure functions of arrays, on numpy and scipy alone."""
