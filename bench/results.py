"""Results as text, and as files that later runs can be compared with."""
import json
import pathlib
import statistics

import plot

FOLDER = pathlib.Path(__file__).parent / "results"


def as_number(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def cell(result, side):
    show, figures = result.metric.show, result.figures[side]
    return f"{show(statistics.median(figures))} ({show(min(figures))}-{show(max(figures))})"


def print_head(work, metric, runs):
    better = "more is better" if metric.more_is_better else "less is better"
    print(f"\n{work.name}{metric.suffix}: {metric.shown_in}, {better}; "
          f"median of {runs} (lowest-highest)\n")
    columns = [work.case_is, *work.sides]
    if len(work.sides) > 1:
        columns += ["ratio", "budget"]
    print("| " + " | ".join(columns) + " |")
    print("|" + " ---: |" * len(columns), flush=True)


def print_row(result):
    cells = [str(result.case), *(cell(result, side) if side in result.figures else ""
                                 for side in result.work.sides)]
    if len(result.work.sides) > 1:
        cells.append(", ".join(f"{ratio:.2f}" for ratio in result.ratios.values()))
        budget = result.budget
        cells.append(f"{budget}: {'met' if result.budget_met() else 'missed'}" if budget else "")
    print("| " + " | ".join(cells) + " |", flush=True)


def print_lines(results):
    """For programs to read."""
    print()
    for result in results:
        print(f"rate {result.name} {as_number(result.median('ours'))}")
    for result in results:
        for side, ratio in result.ratios.items():
            print(f"ratio {result.work.ratio_name(result.case, result.metric, side)} {ratio:.3f}")


def as_json(result):
    entry = {"name": result.name, "case": result.case, "unit": result.metric.unit,
             "more_is_better": result.metric.more_is_better}
    for side, figures in result.figures.items():
        entry[side] = {"median": statistics.median(figures), "lowest": min(figures),
                       "highest": max(figures), "runs": figures}
    if result.ratio is not None:
        entry["ratio"] = round(result.ratio, 4)
    if result.budget:
        entry["budget"] = str(result.budget)
        entry["budget_met"] = result.budget_met()
    return entry


def write(name, machine, results):
    """To results/NAME.json, slashes made dashes; and a plot where there is a line to draw."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / (name.replace("/", "-") + ".json")
    document = {
        "benchmark": name,
        "machine": machine,
        "cases_are": results[0].work.case_is,
        "results": [as_json(r) for r in results],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    written = [path]
    if plot.can_draw(document):
        written.append(path.with_suffix(".svg"))
        written[-1].write_text(plot.draw(document))
    for each in written:
        print(f"written: {each}")
