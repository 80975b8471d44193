"""pseudonym-key-short: the key of pseudonyms is so short that it could be guessed.

Why it matters: who guesses the key can compute everybody's pseudonym.
How to mend it: write a long random text to the secret, such as `openssl rand -hex 32` gives.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The key of pseudonyms is too short.")


def found(shortest: int, *, address: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The secret that pseudonyms are made with has fewer than {shortest} characters. Nothing was written.",
        help="Write what `openssl rand -hex 32` gives to the secret's file.",
        address=address,
        path="privacy.pseudonymise.key",
    )
