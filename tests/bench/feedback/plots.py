"""Bars of bad requests, one picture for each scenario, as SVG. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from statistics import median
from typing import Final

_LEFT, _WIDE, _STEP, _TOP = 130, 420, 22, 46
_OURS: Final = "#1f77b4"
_OTHERS: Final = "#9aa5b1"


def bars(title: str, found: Mapping[str, Sequence[float]]) -> str:
    """A bar for every arm on a log scale, its range as a line; arms without a valid run are said so."""
    high = max((max(values) for values in found.values() if values), default=1.0)
    decades = max(1.0, log10(high + 1))
    height = _TOP + _STEP * len(found) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDE + 90}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="20" font-size="14">{escape(title)}</text>',
        '<text x="10" y="36" fill="#666">bad requests while the fault lasts (log scale)</text>',
    ]
    for row, (arm, values) in enumerate(found.items()):
        y = _TOP + _STEP * row
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(arm)}</text>')
        if not values:
            parts.append(f'<text x="{_LEFT}" y="{y + 13}" fill="#c0392b">void</text>')
            continue
        ends = [
            _LEFT + _WIDE * log10(each + 1) / decades for each in (min(values), median(values), max(values))
        ]
        long = max(1.0, ends[1] - _LEFT)
        colour = _OURS if arm.startswith("ours") else _OTHERS
        parts += [
            f'<rect x="{_LEFT}" y="{y + 3}" width="{long:.1f}" height="14" fill="{colour}"/>',
            f'<line x1="{ends[0]:.1f}" x2="{ends[2]:.1f}" y1="{y + 10}" y2="{y + 10}" stroke="#222"/>',
            f'<text x="{ends[2] + 6:.1f}" y="{y + 14}">{median(values):g}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
