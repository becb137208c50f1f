"""Medians of what was measured in rounds, and how far to trust them."""

from math import floor, sqrt
from statistics import median
from typing import NamedTuple


class Measured(NamedTuple):
    """A value with its 95 % interval; a count has none."""

    value: float
    low: float
    high: float


def exact(value):
    return Measured(value, value, value)


def of_rounds(values):
    """The median, and the interval of it from the order of the values: no shape of the noise is assumed."""
    ordered = sorted(values)
    count = len(ordered)
    cut = max(0, floor((count - 1.96 * sqrt(count)) / 2))
    return Measured(median(ordered), ordered[cut], ordered[count - 1 - cut])


def ratios(values, to):
    """Round by round, so that what slows the machine down for a while slows both."""
    return [one / other for one, other in zip(values, to)]
