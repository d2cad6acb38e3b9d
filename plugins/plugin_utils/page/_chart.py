# Copyright: (c) 2026, adcs.ca contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values over time as inline SVG, for the page of a fleet. Pure functions; colours and fonts come from the page's style."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.adcs.ca.plugins.plugin_utils.common._formatting import counted, seconds_of

WIDTH, HEIGHT = 520, 190
LEFT, RIGHT, TOP, BOTTOM = 72, 14, 12, 30
TICKS = 4
# More points than these are not told apart at this width.
POINT_LIMIT = 120
# As many spaces between dates at most as leave room for them.
DATES = 3
DAY_S = 86400
# More points than these get smaller dots.
SPARSE = 20


@dataclass(frozen=True)
class Point:
    """A value at a time (``2026-11-22T21:39:00Z``), with the words that are shown for it."""

    time: str
    value: int
    words: str


def byte_step(least: float) -> int:
    """Return the smallest power of two that is no less: a step between grid lines of sizes."""
    step = 1
    while step < least:
        step *= 2
    return step


def second_step(least: float) -> int:
    """Return the smallest step between grid lines of durations, in seconds, that is no less."""
    for step in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200):
        if step >= least:
            return step
    step = 86400
    while step < least:
        step *= 2
    return step


def chart(
    name: str, title: str, points: Sequence[Point], step_of: Callable[[float], int], words_of: Callable[[int], str]
) -> str:
    """Return an SVG element that draws the newest of the points, given in the order of time; empty for fewer than two.

    Args:
        name: a word no other chart of the page has, for the ids in it.
        title: what is drawn.
        step_of: the step between grid lines that is no smaller than a number.
        words_of: a grid line's value in words.
    """
    drawn = list(points)[-POINT_LIMIT:]
    if len(drawn) < 2:
        return ""
    step = step_of(max(point.value for point in drawn) / TICKS)
    top = step * max(1, -(-max(point.value for point in drawn) // step))
    times = [seconds_of(point.time) for point in drawn]
    places = [(_across(time, times), _down(point.value, top)) for time, point in zip(times, drawn)]
    parts = [_grid(top, step, words_of), _dates(times), _curve(places), _dots(places, drawn)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-size="11" role="img" aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{html.escape(title)}</title><desc id="{name}-d">{html.escape(_description(drawn))}</desc>'
        f'{"".join(parts)}</svg>'
    )


def _across(time: float, times: Sequence[float]) -> float:
    """Return where a time is, from the left; a single time is in the middle."""
    span = times[-1] - times[0]
    room = WIDTH - LEFT - RIGHT
    return round(LEFT + (room * (time - times[0]) / span if span else room / 2), 1)


def _down(value: int, top: int) -> float:
    """Return where a value is, from above."""
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, 1)


def _grid(top: int, step: int, words_of: Callable[[int], str]) -> str:
    lines = []
    for value in range(0, top + 1, step):
        down = _down(value, top)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{down}" x2="{WIDTH - RIGHT}" y2="{down}"/>')
        lines.append(
            f'<text stroke="none" x="{LEFT - 8}" y="{down + 4}" text-anchor="end">{html.escape(words_of(value))}</text>'
        )
    # colours of its own, for a page whose style was taken away
    return f'<g stroke="#999" stroke-opacity=".4">{"".join(lines)}</g>'


def _dates(times: Sequence[float]) -> str:
    """Return dates at even distances below the time line; the only one there is when all points are of one day."""
    first, last = times[0], times[-1]
    count = min(DATES, int((last - first) // DAY_S))
    marks = [first + (last - first) * number / count for number in range(count + 1)] if count else [first]
    return "".join(
        f'<text x="{_across(mark, times)}" y="{HEIGHT - 8}" text-anchor="{_anchor(mark, marks)}">'
        f"{datetime.fromtimestamp(mark, timezone.utc):%Y-%m-%d}</text>"
        for mark in marks
    )


def _anchor(mark: float, marks: Sequence[float]) -> str:
    """Return how a date is set to its mark, so that the last one does not leave the drawing."""
    return "end" if len(marks) > 1 and mark == marks[-1] else "middle"


def _curve(places: Sequence[tuple[float, float]]) -> str:
    """Return the line through the points and the area below it."""
    line = " ".join(f"{across},{down}" for across, down in places)
    floor = HEIGHT - BOTTOM
    area = f"{places[0][0]},{floor} {line} {places[-1][0]},{floor}"
    return f'<polygon class="area" points="{area}" fill="currentColor" opacity=".1"/><polyline class="line" fill="none" stroke="currentColor" points="{line}"/>'


def _dots(places: Sequence[tuple[float, float]], drawn: Sequence[Point]) -> str:
    """Return a dot for each point that says its words when it is pointed at."""
    radius = 3 if len(drawn) <= SPARSE else 2
    return "".join(
        f'<circle class="dot" cx="{across}" cy="{down}" r="{radius}"><title>{html.escape(point.words)}</title></circle>'
        for (across, down), point in zip(places, drawn)
    )


def _description(drawn: Sequence[Point]) -> str:
    lowest = min(drawn, key=lambda point: point.value)
    highest = max(drawn, key=lambda point: point.value)
    return f"{counted(len(drawn), 'set')}. Newest: {drawn[-1].words}. Lowest: {lowest.words}. Highest: {highest.words}."
