"""How each interval was made, in words, with its source."""

from __future__ import annotations

from collections.abc import Iterable

_TEXTS = {
    "Wilson": "The score interval of a proportion (Wilson 1927).",
    "Clopper–Pearson": "The exact interval of a proportion, used with fewer than five successes or failures "
    "(Clopper and Pearson 1934).",
    "Newcombe's square-and-add": "The intervals of two independent proportions, squared and added "
    "(Newcombe 1998).",
    "Wilson on Jaccard": "F1 rises with Jaccard's TP / (TP + FP + FN), a proportion whose interval is "
    "carried over (Lam, Gopal and Qian 2023).",
    "Clopper–Pearson on Jaccard": "F1 rises with Jaccard's TP / (TP + FP + FN), whose exact interval is "
    "carried over.",
    "DeLong on the logit scale": "The variance of DeLong, DeLong and Clarke-Pearson (1988), carried through "
    "the logit so that the ends stay between 0 and 1; of several classes that of the mean area, of groups that of "
    "Obuchowski (1997).",
    "Clopper–Pearson on disjoint pairs": "The classes are separated perfectly, which leaves no variance to "
    "estimate; the interval is the exact one of as many independent pairs as the rarer class has rows, and "
    "is cautious.",
    "BCa bootstrap": "Rows drawn again with replacement; bias-corrected and accelerated (Efron 1987).",
    "BCa by expansion": "The test set is so large that the BCa interval follows from the jackknife's standard "
    "error and skewness, without drawing rows (Hall 1992).",
    "BCa multinomial bootstrap": "The cells of the confusion matrix drawn again, which is the bootstrap of the rows "
    "exactly; bias-corrected and accelerated (Efron 1987).",
    "bootstrap-t on the log scale": "Each resample's distance from the value over its own standard error, on the "
    "scale of the logarithm (Efron and Tibshirani 1993, 12.5).",
    "bootstrap-t by expansion": "The same for so many rows that Student's quantiles, corrected for skewness, stand in "
    "the resamples' place (Hall 1992).",
    "order statistics": "Two of the values in order, whose ranks the binomial distribution gives; no distribution of "
    "the values is supposed (David and Nagaraja 2003).",
    "Woodruff": "The interval of the share below the median, read back as values (Woodruff 1952).",
    "percentile bootstrap": "The quantiles of the value on rows drawn again with replacement.",
    "bootstrap of the bins, conservative": "Calibration error cannot fall below 0 and noise only raises it, "
    "so that a plain bootstrap misses near 0; both ends here err on the side of a wider interval.",
    "square-and-add of both intervals": "The intervals of a slice and of the rest, which are independent, squared and "
    "added (Zou and Donner 2008).",
    "square-and-add, all": "The difference of each pair of groups by square-and-add, each at the level at which all "
    "hold together; the largest gap lies between the largest of their ends.",
    "DeLong, paired": "The covariance of both areas on the same rows (DeLong, DeLong and Clarke-Pearson 1988).",
    "Tango's score interval, paired": "The differences that a score test of paired proportions does not reject "
    "(Tango 1998); the p-value is McNemar's exact one.",
    "paired BCa bootstrap": "Rows drawn again with both models' answers on them; bias-corrected and accelerated.",
    "paired BCa by expansion": "The same for so many rows that nothing needs to be drawn.",
    "influences, paired": "The spread of how much each row moves the difference.",
}


def methods_of(names: Iterable[str]) -> list[dict[str, str]]:
    """Each method that was used, once, with what it does."""
    found: dict[str, str] = {}
    for name in names:
        known = max((one for one in _TEXTS if name.startswith(one)), key=len, default="")
        if known:
            found[known] = _TEXTS[known]
    return [{"name": name, "text": text} for name, text in found.items()]
