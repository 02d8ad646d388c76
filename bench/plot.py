#!/usr/bin/env python3
"""bench/plot.py RESULT.json [PLOT.svg]: a work's figures over its cases, both axes logarithmic.

Drawn as SVG by hand, on a ground of its own, in colours for light and for dark surroundings; the
two sides differ in shape as well. A thin line at each point goes from the lowest to the highest run.
"""
import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 82, 92, 48, 56  # around the plot itself

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 15px }
.minor { fill: #59636e }
.ground { fill: #ffffff; stroke: #d1d9e0 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.ours { stroke: #0757ba; fill: #0757ba }
.libzmq { stroke: #b04500; fill: #b04500 }
.line { fill: none; stroke-width: 2.5 }
.libzmq.line { stroke-dasharray: 7 4 }
.spread { stroke-width: 1 }
text.ours, text.libzmq { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .minor { fill: #9198a1 }
  .ground { fill: #0d1117; stroke: #3d444d }
  .grid { stroke: #30363d }
  .ours { stroke: #6cb6ff; fill: #6cb6ff }
  .libzmq { stroke: #f69d50; fill: #f69d50 }
}
"""

LABELS = {"ours": "mizzen", "libzmq": "libzmq"}


class Axis:
    """Values to places, logarithmically; `begin` is the place of the lowest."""

    def __init__(self, lowest, highest, begin, end):
        self.lowest, self.highest = lowest, highest
        self.begin, self.end = begin, end

    def place(self, value):
        part = math.log(value / self.lowest) / math.log(self.highest / self.lowest)
        return self.begin + part * (self.end - self.begin)

    def ticks(self):
        """Powers of ten; with 2 and 5 between them where those are few."""
        powers = range(math.floor(math.log10(self.lowest)), math.ceil(math.log10(self.highest)) + 1)
        steps = (1, 2, 5) if len(powers) <= 4 else (1,)
        all_ticks = (step * 10.0**power for power in powers for step in steps)
        return [tick for tick in all_ticks if self.lowest <= tick <= self.highest]


def size_name(size):
    for unit, name in ((2**20, " Mi"), (2**10, " Ki")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return str(size)


def figure_name(value):
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def drawn(document):
    """The results that make lines: those of a work's first metric, if both sides have it."""
    return [r for r in document["results"] if "libzmq" in r and isinstance(r["case"], int)
            and r["name"] == f"{document['benchmark']}/{r['case']}"]


def can_draw(document):
    return len(drawn(document)) >= 3


def axes_for(results):
    cases = [r["case"] for r in results]
    figures = [r[side][end] for r in results for side in LABELS for end in ("lowest", "highest")]
    x = Axis(min(cases), max(cases), LEFT + 16, WIDTH - RIGHT)
    y = Axis(min(figures) / 1.3, max(figures) * 1.5, HEIGHT - BOTTOM, TOP)
    return x, y


def text(x, y, words, style="", anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{words}</text>'


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def mark(x, y, side):
    if side == "ours":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{side}"/>'
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" class="{side}"/>'


def draw_grid(x, y, results):
    for tick in y.ticks():
        yield line(LEFT, y.place(tick), WIDTH - RIGHT, y.place(tick), "grid")
        yield text(LEFT - 8, y.place(tick) + 4, figure_name(tick), "minor", "end")
    for result in results:
        at = x.place(result["case"])
        yield line(at, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 5, "grid")
        yield text(at, HEIGHT - BOTTOM + 20, size_name(result["case"]), "minor")


def draw_side(x, y, results, side):
    points = [(x.place(r["case"]), y.place(r[side]["median"])) for r in results]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    yield f'<polyline points="{path}" class="{side} line"/>'
    for (px, py), result in zip(points, results):
        yield line(px, y.place(result[side]["lowest"]), px, y.place(result[side]["highest"]),
                   f"{side} spread")
        yield mark(px, py, side)


def draw_labels(x, y, results):
    """Who is who, at the lines' ends; and how many times libzmq's figure ours is."""
    last = results[-1]
    ends = {side: y.place(last[side]["median"]) + 4 for side in LABELS}
    upper, lower = sorted(ends, key=ends.get)
    too_close = max(0, 17 - (ends[lower] - ends[upper]))
    ends[upper] -= too_close / 2
    ends[lower] += too_close / 2
    for side, place in ends.items():
        yield text(x.place(last["case"]) + 12, place, LABELS[side], side, "start")
    for result in results:
        top = min(y.place(result[side]["highest"]) for side in LABELS)
        yield text(x.place(result["case"]), top - 10, f'{result["ratio"]:.2g}x', "minor")


def draw(document):
    results = drawn(document)
    x, y = axes_for(results)
    machine = document["machine"]
    better = "more" if results[0]["more_is_better"] else "less"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' width="{WIDTH}" height="{HEIGHT}" role="img">',
        f'<title>{document["benchmark"]}: mizzen and libzmq side by side</title>',
        f"<style>{STYLE}</style>",
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6" class="ground"/>',
        text(20, 27, f'{document["benchmark"]}: {results[0]["unit"]}, {better} is better', "title",
             "start"),
        text(WIDTH - 20, 27, f'{machine["cpu"]}, {machine["cores"]} cores', "minor", "end"),
        *draw_grid(x, y, results),
        *draw_side(x, y, results, "libzmq"),
        *draw_side(x, y, results, "ours"),
        *draw_labels(x, y, results),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, document["cases_are"], "minor"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main(arguments):
    if not 1 <= len(arguments) <= 2 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    source = pathlib.Path(arguments[0])
    target = pathlib.Path(arguments[1]) if len(arguments) == 2 else source.with_suffix(".svg")
    document = json.loads(source.read_text())
    if not can_draw(document):
        print(f"plot: {source} has no line to draw", file=sys.stderr)
        return 1
    target.write_text(draw(document))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
