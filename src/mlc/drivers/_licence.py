"""What an author calls a licence, for formats that ask for an SPDX expression."""

from __future__ import annotations


def expression_of(name: str) -> str:
    """The name as SPDX writes it; empty where it is no SPDX expression, which is to be told as free text."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return canonicalize_license_expression(name)
    except InvalidLicenseExpression:
        return ""
