"""Noise for differential privacy: exact, and drawn from a key, so that the same data give the same noise again.

Noise that anybody can draw again hides nothing, so it comes from a secret; noise that is drawn anew each time wears
off, as its average is known after enough runs. Of other data it is other noise: the difference of two versions tells no
more than both.
"""

from __future__ import annotations

import hmac
from fractions import Fraction


class Stream:
    """Bits that follow from a key and a text: HMAC-SHA-256 (RFC 2104) of a counter, a pseudorandom function."""

    def __init__(self, key: bytes, about: bytes) -> None:
        self._key = hmac.digest(key, b"mlc noise " + about, "sha256")
        self._counter = 0
        self._bits = 0
        self._left = 0

    def below(self, limit: int) -> int:
        """A whole number of 0 … limit - 1, each as likely."""
        size = (limit - 1).bit_length()
        while True:
            drawn = self._take(size)
            if drawn < limit:
                return drawn

    def _take(self, size: int) -> int:
        while self._left < size:
            block = hmac.digest(self._key, self._counter.to_bytes(8), "sha256")
            self._counter += 1
            self._bits = (self._bits << 256) | int.from_bytes(block)
            self._left += 256
        self._left -= size
        taken = self._bits >> self._left
        self._bits &= (1 << self._left) - 1
        return taken


def discrete_laplace(rate: Fraction, stream: Stream) -> int:
    """A whole number x with a probability in proportion to exp(-rate · |x|), exactly: no floating-point number is
    involved, as one would give the secret away (Mironov 2012). Canonne, Kamath and Steinke 2020, algorithm 2.

    Added to a count that one row changes by at most s, a rate of epsilon / s makes it epsilon-differentially private.
    """
    s, t = rate.numerator, rate.denominator
    while True:
        offset = stream.below(t)
        if not _happens(Fraction(offset, t), stream):
            continue
        steps = 0
        while _happens(Fraction(1), stream):
            steps += 1
        size = (offset + t * steps) // s
        is_negative = stream.below(2) == 1
        if is_negative and size == 0:
            continue
        return -size if is_negative else size


def _happens(exponent: Fraction, stream: Stream) -> bool:
    """True with probability exp(-exponent), for an exponent of 0 … 1: algorithm 1 of the same."""
    k = 1
    while stream.below(exponent.denominator * k) < exponent.numerator:
        k += 1
    return k % 2 == 1
