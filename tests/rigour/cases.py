"""What is simulated: test sets whose true values are known, drawn the way that a method supposes and others.

A case draws a test set of a size and gives its estimates; `truths` holds what they estimate, found on one draw of
two million rows where there is no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import polars as pl
from msgspec import Struct

from mlc.drivers.evaluating import fairness, slices
from mlc.drivers.statistics import binary, bootstrap, multiclass, paired, regression
from mlc.drivers.statistics.answers import Answers
from mlc.drivers.statistics.design import Design, block_length
from mlc.ir.evaluation import Estimate

Generator = np.random.Generator
Estimates = Mapping[str, Estimate]

MANY = 2_000_000


class Case(Struct, frozen=True):
    """`sizes` are rows, or groups where the case is of groups. `metrics` are those that are reported."""

    name: str
    about: str
    sizes: tuple[int, ...]
    metrics: tuple[str, ...]
    estimates: Callable[[Generator, int], Estimates]
    truths: Callable[[], Mapping[str, float]]
    repetitions: int = 1000


_COUNTED = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy")
_RANKED = ("roc_auc", "average_precision")
_LOSSES = ("brier", "log_loss", "expected_calibration_error")
_AGREED = ("matthews_correlation", "cohen_kappa")


def _two_classes(generator: Generator, n: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores: normal signals one and a half deviations apart, and probabilities a little too sure."""
    truth = generator.random(n) < share
    signal = generator.normal(size=n) + 1.5 * truth
    odds = np.log(share / (1 - share)) + 1.5 * signal - 1.125
    return truth, 1 / (1 + np.exp(-1.3 * odds))


def _binary(share: float) -> tuple[Callable[[Generator, int], Estimates], Callable[[], Mapping[str, float]]]:
    def estimates(generator: Generator, n: int) -> Estimates:
        truth, scores = _two_classes(generator, n, share)
        return binary.estimates(truth, scores >= 0.5, scores, seed=int(generator.integers(2**31)))

    @cache
    def truths() -> Mapping[str, float]:
        truth, scores = _two_classes(np.random.default_rng(1), MANY, share)
        found = binary.estimates(truth, scores >= 0.5, scores, seed=0)
        return {name: one.value for name, one in found.items() if one.value is not None}

    return estimates, truths


def _three_classes(generator: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    truth = generator.choice(3, n, p=[0.6, 0.3, 0.1])
    logits = generator.normal(size=(n, 3)) + np.log([0.6, 0.3, 0.1])
    logits[np.arange(n), truth] += 2.0
    probabilities = np.exp(logits)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def _multiclass(generator: Generator, n: int) -> Estimates:
    truth, probabilities = _three_classes(generator, n)
    design = Design(n, int(generator.integers(2**31)))
    return multiclass.estimates(truth, probabilities.argmax(axis=1), probabilities, design)


@cache
def _multiclass_truths() -> Mapping[str, float]:
    truth, probabilities = _three_classes(np.random.default_rng(1), MANY)
    found = multiclass.estimates(truth, probabilities.argmax(axis=1), probabilities, Design(MANY, 0))
    return {name: one.value for name, one in found.items() if one.value is not None}


def _regression(
    errors: Callable[[Generator, int], np.ndarray],
) -> tuple[Callable[[Generator, int], Estimates], Callable[[], Mapping[str, float]]]:
    def draw(generator: Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        truth = generator.gamma(4, 10, n) + 5
        return truth, truth + errors(generator, n)

    def estimates(generator: Generator, n: int) -> Estimates:
        return regression.estimates(*draw(generator, n), Design(n, int(generator.integers(2**31))))

    @cache
    def truths() -> Mapping[str, float]:
        truth, values = draw(np.random.default_rng(1), MANY)
        found = regression.estimates(truth, values, Design(MANY, 0))
        return {name: one.value for name, one in found.items() if one.value is not None}

    return estimates, truths


_ROWS_OF_A_GROUP = 10


def _grouped(generator: Generator, groups: int) -> Estimates:
    n = groups * _ROWS_OF_A_GROUP
    codes = np.repeat(np.arange(groups), _ROWS_OF_A_GROUP)
    truth, scores = _shared(generator, codes, groups)
    design = Design(n, int(generator.integers(2**31)), groups=codes)
    found = dict(binary.estimates(truth, scores >= 0.5, scores, seed=0, design=design))
    errors = generator.normal(size=groups)[codes] + generator.normal(size=n)
    values = generator.gamma(4, 10, n) + 5
    return found | regression.estimates(values, values + errors, design)


def _shared(generator: Generator, codes: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a group share some of their signal and of their chance to be positive."""
    chance = generator.beta(2, 2, groups)[codes]
    truth = generator.random(len(codes)) < chance
    signal = 0.7 * generator.normal(size=groups)[codes] + 0.7 * generator.normal(size=len(codes))
    return truth, 1 / (1 + np.exp(-1.5 * (signal + 1.5 * truth - 0.75)))


@cache
def _grouped_truths() -> Mapping[str, float]:
    generator = np.random.default_rng(1)
    groups = MANY // _ROWS_OF_A_GROUP
    codes = np.repeat(np.arange(groups), _ROWS_OF_A_GROUP)
    truth, scores = _shared(generator, codes, groups)
    found = binary.estimates(truth, scores >= 0.5, scores, seed=0)
    return {name: one.value for name, one in found.items() if one.value is not None} | {
        "rmse": 2**0.5,
        "mae": (4 / np.pi) ** 0.5,
        "mean_error": 0.0,
        "median_absolute_error": 2**0.5 * 0.6744897501960817,
    }


_MEMORY = 0.6


def _in_time(generator: Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Errors, truth and scores in the order of time: what is near is alike (autoregressive, coefficient 0.6)."""
    noise = generator.normal(size=n + 50) * (1 - _MEMORY**2) ** 0.5
    errors = np.empty(n + 50)
    errors[0] = generator.normal()
    for place in range(1, n + 50):
        errors[place] = _MEMORY * errors[place - 1] + noise[place]
    errors = errors[50:]
    truth = generator.random(n) < 0.5
    scores = 1 / (1 + np.exp(-1.5 * (errors + 1.5 * truth - 0.75)))
    return generator.gamma(4, 10, n) + 5, errors, truth, scores


def _timed(generator: Generator, n: int) -> Estimates:
    values, errors, truth, scores = _in_time(generator, n)
    seed = int(generator.integers(2**31))
    found = regression.estimates(values, values + errors, Design(n, seed, block=block_length(errors**2)))
    losses = bootstrap.log_losses(truth, scores)
    design = Design(n, seed, block=block_length(losses))
    return dict(found) | binary.estimates(truth, scores >= 0.5, scores, seed=0, design=design)


@cache
def _timed_truths() -> Mapping[str, float]:
    generator = np.random.default_rng(1)
    truth, signal = generator.random(MANY) < 0.5, generator.normal(size=MANY)
    scores = 1 / (1 + np.exp(-1.5 * (signal + 1.5 * truth - 0.75)))
    found = binary.estimates(truth, scores >= 0.5, scores, seed=0)
    return {name: one.value for name, one in found.items() if one.value is not None} | {
        "rmse": 1.0,
        "mae": (2 / np.pi) ** 0.5,
        "mean_error": 0.0,
        "median_absolute_error": 0.6744897501960817,
    }


def _weighted(generator: Generator, n: int) -> Estimates:
    """Rows drawn with chances that follow their signal, and weights that make up for it."""
    truth, scores = _two_classes(generator, 4 * n, 0.3)
    chance = 0.5 + scores
    kept = np.flatnonzero(generator.random(4 * n) < chance / 1.5)[:n]
    design = Design(len(kept), int(generator.integers(2**31)), weights=1 / chance[kept])
    return binary.estimates(truth[kept], scores[kept] >= 0.5, scores[kept], seed=0, design=design)


def _rival(generator: Generator, n: int) -> tuple[Answers, Answers]:
    """Two classifiers of the same rows, whose signals share most of their noise; the first is the better."""
    truth = generator.random(n) < 0.3
    shared = 0.8 * generator.normal(size=n)
    sides = []
    for separation in (1.5, 1.2):
        signal = separation * truth + shared + 0.6 * generator.normal(size=n)
        odds = np.log(0.3 / 0.7) + separation * signal - separation**2 / 2
        scores = 1 / (1 + np.exp(-odds))
        sides.append(Answers("binary_classification", truth, scores >= 0.5, scores))
    return sides[0], sides[1]


_DUELLED = ("roc_auc", "accuracy", "f1", "recall", "brier", "log_loss", "average_precision")


def _duel(generator: Generator, n: int) -> Estimates:
    first, second = _rival(generator, n)
    design = Design(n, int(generator.integers(2**31)))
    return {name: paired.difference(name, first, second, design).estimate for name in _DUELLED}


@cache
def _duel_truths() -> Mapping[str, float]:
    first, second = _rival(np.random.default_rng(1), MANY)
    values = [
        binary.estimates(one.truth, one.predicted, one.scores, seed=0)  # type: ignore[arg-type]
        for one in (first, second)
    ]
    signs = {name: -1.0 if name in ("brier", "log_loss") else 1.0 for name in _DUELLED}
    return {name: signs[name] * (values[0][name].value - values[1][name].value) for name in _DUELLED}  # type: ignore[operator]


_PLACES = ("north", "east", "south", "west")


def _in_places(generator: Generator, n: int) -> Estimates:
    """Four groups of which one is worse served: its gap of recall to the rest, and the largest gaps between groups."""
    places = generator.integers(0, 4, n)
    truth = generator.random(n) < 0.4
    chance = np.where(truth, np.where(places == 0, 0.65, 0.8), 0.15)
    predicted = generator.random(n) < chance
    answers = Answers("binary_classification", truth, predicted, chance)
    design = Design(n, int(generator.integers(2**31)))
    frame = pl.DataFrame({"place": np.array(_PLACES)[places]})
    look = slices.Look(["place"], ["recall"], 2, 0.95)
    found: dict[str, Estimate] = {}
    for part in slices.slices("gate", look, frame, answers, design):
        if part.value == "north" and part.gap is not None:
            found["gap of recall"] = part.gap
    for one in fairness.gaps(
        "gate", ["place"], ["demographic_parity", "equal_opportunity"], 2, frame, answers, design, []
    ):
        found[one.criterion] = one.gap
    return found


def _classes_in_places(generator: Generator, n: int) -> Estimates:
    """Three classes in four groups; in one the last class is found less often, and in its place the first is called."""
    places, truth = generator.integers(0, 4, n), generator.choice(3, n, p=(0.5, 0.3, 0.2))
    right = np.where((places == 0) & (truth == 2), 0.6, 0.8)
    called = np.where(generator.random(n) < right, truth, (truth + 1) % 3)
    answers = Answers("multiclass_classification", truth, called, np.eye(3)[called], ("a", "b", "c"))
    return _largest_gaps(
        places, answers, generator, ("demographic_parity", "equal_opportunity", "accuracy_parity")
    )


def _numbers_in_places(generator: Generator, n: int) -> Estimates:
    """A regression in four groups, with skewed errors: it says 1 too much in one, where it also errs more."""
    places = generator.integers(0, 4, n)
    truth = generator.normal(50 + 2 * (places == 1), 5)
    errors = np.where(places == 0, 1 + 3 * (generator.exponential(size=n) - 1), 2 * generator.normal(size=n))
    answers = Answers("regression", truth, None, truth + errors)
    return _largest_gaps(places, answers, generator, tuple(_distances()))


def _distances() -> Mapping[str, float]:
    """The true distances. That of sizes of errors is by integration over the exponential."""
    high = np.linspace(0, 60, 2_000_001)
    skewed = float(np.trapezoid(np.abs(3 * high - 2) * np.exp(-high), high))
    return {
        "mean_prediction_parity": 2.0,
        "mean_error_parity": 1.0,
        "absolute_error_parity": skewed - 2 * float(np.sqrt(2 / np.pi)),
    }


def _largest_gaps(
    places: np.ndarray, answers: Answers, generator: Generator, criteria: tuple[str, ...]
) -> Estimates:
    design = Design(len(places), int(generator.integers(2**31)))
    frame = pl.DataFrame({"place": np.array(_PLACES)[places]})
    found = fairness.gaps("gate", ["place"], criteria, 2, frame, answers, design, [])
    return {one.criterion: one.gap for one in found}


_common, _common_truths = _binary(0.3)
_rare, _rare_truths = _binary(0.05)
_normal, _normal_truths = _regression(lambda generator, n: generator.normal(0, 5, n))
_heavy, _heavy_truths = _regression(lambda generator, n: 4 * generator.standard_t(5, n))
_skewed, _skewed_truths = _regression(lambda generator, n: 3 * generator.exponential(size=n) - 3)
_REGRESSED = ("rmse", "mae", "median_absolute_error", "mape", "r2", "mean_error", "pinball_loss", "rmsle")

CASES: tuple[Case, ...] = (
    Case(
        "two classes",
        "30 % positive, independent rows",
        (50, 200, 1000),
        (*_COUNTED, *_AGREED, *_RANKED, *_LOSSES),
        _common,
        _common_truths,
    ),
    Case(
        "rare positives",
        "5 % positive, independent rows",
        (200, 600, 2000),
        (*_COUNTED, *_AGREED, *_RANKED, *_LOSSES),
        _rare,
        _rare_truths,
        600,
    ),
    Case(
        "three classes",
        "60, 30 and 10 %, independent rows",
        (60, 200, 1000),
        (
            "accuracy",
            "balanced_accuracy",
            "f1_macro",
            "f1_weighted",
            "precision_macro",
            "precision_weighted",
            "roc_auc_macro",
            *_AGREED,
            *_LOSSES,
        ),
        _multiclass,
        _multiclass_truths,
    ),
    Case("normal errors", "independent rows", (30, 100, 500), _REGRESSED, _normal, _normal_truths),
    Case(
        "heavy tails", "errors of Student's t, 5 degrees", (30, 100, 500), _REGRESSED, _heavy, _heavy_truths
    ),
    Case("skewed errors", "exponential errors", (30, 100, 500), _REGRESSED, _skewed, _skewed_truths),
    Case(
        "groups",
        "10 rows each that share half of their variance; the size counts groups",
        (10, 30, 100),
        (*_COUNTED, *_RANKED, *_LOSSES, "rmse", "mae", "median_absolute_error", "mean_error"),
        _grouped,
        _grouped_truths,
        500,
    ),
    Case(
        "time",
        "rows in order, autoregressive with coefficient 0.6",
        (100, 400, 1600),
        (*_COUNTED, *_RANKED, *_LOSSES, "rmse", "mae", "median_absolute_error", "mean_error"),
        _timed,
        _timed_truths,
        300,
    ),
    Case(
        "weights",
        "30 % positive, drawn unequally and weighed for it",
        (100, 400, 1600),
        (*_COUNTED, *_AGREED, *_RANKED, *_LOSSES),
        _weighted,
        _common_truths,
        400,
    ),
    Case(
        "two models",
        "on the same rows, their difference",
        (50, 200, 1000),
        _DUELLED,
        _duel,
        _duel_truths,
        400,
    ),
    Case(
        "slices and groups",
        "four of as many rows; of the largest gap between groups the interval must hold for all pairs",
        (100, 400, 1600),
        ("gap of recall", "demographic_parity", "equal_opportunity"),
        _in_places,
        lambda: {"gap of recall": 0.15, "demographic_parity": 0.06, "equal_opportunity": 0.15},
        600,
    ),
    Case(
        "classes and groups",
        "three classes in four groups, each class against the rest; of the largest gap all must hold",
        (200, 800, 3200),
        ("demographic_parity", "equal_opportunity", "accuracy_parity"),
        _classes_in_places,
        # in the first group the last class is right 0.2 less often, and the first is called so in its place
        lambda: {"demographic_parity": 0.04, "equal_opportunity": 0.2, "accuracy_parity": 0.04},
        600,
    ),
    Case(
        "numbers and groups",
        "means of four groups, of which one has skewed errors; of the largest gap all must hold",
        (120, 400, 1600),
        ("mean_prediction_parity", "mean_error_parity", "absolute_error_parity"),
        _numbers_in_places,
        _distances,
        600,
    ),
)
