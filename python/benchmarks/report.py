"""What a run prints and writes: one table for people, one JSON document for programs."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .model import DEED, Metric
from .runner import Judgement, Result, SideResult

MINIMUM_WIDTH = 160  # columns; a narrower terminal wraps, a file does not care
METRICS_WITH_SPREAD = 4


SCALES: dict[str, tuple[float, int, tuple[str, ...]]] = {  # unit: what one is in the first name, step, names
    "per_second": (1, 1000, ("/s", "K/s", "M/s")),
    "seconds": (1e9, 1000, ("ns", "us", "ms", "s")),
    "bytes": (1, 1024, ("B", "KiB", "MiB", "GiB")),
    "bytes_each": (1, 1024, ("B",)),
}


def format_value(value: float, unit: str, spread: Sequence[float] = ()) -> str:
    """A figure with three significant digits and its unit, such as `38.4 ms`; with a spread, `38.4 (29.1 to 49.0) ms`."""
    first, step, names = SCALES[unit]
    exponent = 0
    while exponent < len(names) - 1 and abs(value) * first / step**exponent >= step * 0.9995:
        exponent += 1
    texts = [_three_digits(number * first / step**exponent) for number in (value, *spread)]
    between = f" ({' to '.join(texts[1:])})" if spread else ""
    return f"{texts[0]}{between} {names[exponent]}"


def _three_digits(number: float) -> str:
    return f"{number:.{2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0}f}"


def console() -> Console:
    return Console(width=max(MINIMUM_WIDTH, shutil.get_terminal_size().columns))


def print_report(results: Sequence[Result], machine: Mapping[str, Any], to: Console) -> None:
    """For every workload its table and what each side does; then all demands in one table."""
    to.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, {machine['system']}, "
        f"Python {machine['python']}, scratch on {machine['scratch_file_system']}, commit {machine['commit']}"
    )
    for result in results:
        to.print(_heading(result))
        to.print(_table(result))
        for line in _remarks(result):
            to.print(line)
    to.print(_demands(results))


def _heading(result: Result) -> Text:
    workload = result.workload
    sizes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in result.size.items())
    repeated = f"median (least to most) of {result.repetitions}" if result.repetitions > 1 else "measured once"
    cores = "one core" if workload.pinned else "all cores"
    return Text.assemble("\n", (workload.name, "bold"), f": {workload.title}\n{sizes}; {repeated}; {cores}")


def _table(result: Result) -> Table:
    """Figures, each followed by how many times better Deed's is. A wide table leaves the spread to the JSON."""
    if result.workload.rows_beyond is not None:
        return _tall_table(result, result.workload.rows_beyond)
    spread = len(result.workload.metrics) <= METRICS_WITH_SPREAD
    table = Table()
    table.add_column("", no_wrap=True)
    for metric in result.workload.metrics:
        table.add_column(metric.title, justify="right", no_wrap=True)
        table.add_column("x", justify="right", no_wrap=True)
    for name, side in result.sides.items():
        cells = [Text(name, style="bold" if name == DEED else "")]
        for metric in result.workload.metrics:
            cells += [Text(_figure(side, metric, spread=spread)), Text(_ratio(result, metric, name))]
        table.add_row(*cells)
    return table


def _tall_table(result: Result, beyond: float) -> Table:
    """A row for each metric of which Deed and another side differ by the factor, and their sums and means over all metrics."""
    peers = [name for name in result.sides if name != DEED]
    table = Table()
    table.add_column("", no_wrap=True)
    for name in result.sides:
        table.add_column(name, justify="right", no_wrap=True)
        if name != DEED:
            table.add_column("x", justify="right", no_wrap=True)

    def row(title: str, figures: Mapping[str, str], ratios: Mapping[str, str]) -> None:
        cells = [title]
        for name in result.sides:
            cells += [figures[name]] if name == DEED else [figures[name], ratios[name]]
        table.add_row(*map(Text, cells))

    every: dict[str, list[float]] = {name: [] for name in peers}
    for metric in result.workload.metrics:
        ratios = {name: ratio for name in peers if (ratio := result.ratio(metric, name)) is not None}
        for name, ratio in ratios.items():
            every[name].append(ratio)
        if any(max(ratio, 1 / ratio) >= beyond for ratio in ratios.values()):
            row(metric.title, {name: _figure(side, metric, spread=False) for name, side in result.sides.items()},
                {name: _ratio(result, metric, name) for name in peers})  # fmt: skip
    sums = {name: _sum(result, name) for name in result.sides}
    row("sum; least ratio", sums, {name: f"{min(every[name]):.2f}" if every[name] else "" for name in peers})
    means = {name: f"{geometric_mean(every[name]):.2f}" if every[name] else "" for name in peers}
    row("geometric mean", dict.fromkeys(result.sides, ""), means)
    return table


def _sum(result: Result, name: str) -> str:
    metrics = result.workload.metrics
    values = [value for metric in metrics if (value := result.sides[name].median(metric.name)) is not None]
    return format_value(sum(values), metrics[0].unit) if len(values) == len(metrics) else "-"


def _figure(side: SideResult, metric: Metric, *, spread: bool) -> str:
    values = side.metrics.get(metric.name)
    middle = side.median(metric.name)
    if not values or middle is None:
        return "-"
    return format_value(middle, metric.unit, (min(values), max(values)) if spread and len(values) > 1 else ())


def _ratio(result: Result, metric: Metric, name: str) -> str:
    ratio = None if name == DEED else result.ratio(metric, name)
    return "" if ratio is None else f"{ratio:.2f}"


def _remarks(result: Result) -> list[Text]:
    """What each side does, or why it was not measured; the note; what the answers disagree about."""
    lines = []
    for kind in result.workload.sides:
        side = result.sides.get(kind.name)
        if side is None:
            continue
        share = f" (1/{round(1 / kind.scale)} of the rows)" if result.full and kind.scale < 1 else ""
        label = f"{kind.name} {side.version}" if side.version else kind.name
        lines.append(Text(f"  {label}: {kind.does}{share}"))
        if side.failure is not None:
            lines.append(Text(f"    not measured: {side.failure.strip().splitlines()[-1]}", style="red"))
    if result.workload.note:
        lines.append(Text(f"  {result.workload.note}"))
    if result.disagreement is not None:
        lines.append(Text(f"  The answers disagree, so nothing here counts: {result.disagreement}", style="bold red"))
    return lines


def _demands(results: Sequence[Result]) -> Table:
    small = (
        "" if all(result.full for result in results) else " (made for the full sizes: at these they only show that it works)"
    )
    table = Table(title=f"\n[bold]Demands[/bold]{small}", title_justify="left", title_style="")
    for column in ("workload", "must reach", "reached", ""):
        table.add_column(column)
    for result in results:
        for judgement in result.judge():
            verdict = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "not measured"}[judgement.met]
            table.add_row(result.workload.name, Text(judgement.demand.text), _reached(result, judgement), verdict)
    return table


def _reached(result: Result, judgement: Judgement) -> str:
    if judgement.figure is None:
        return "-"
    demand = judgement.demand
    if demand.than is not None or demand.over is not None:
        return f"{judgement.figure:.2f}x"
    metric = next(m for m in result.workload.metrics if m.name == demand.metric)
    return format_value(judgement.figure, metric.unit)


def as_json(results: Sequence[Result], machine: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Everything measured, with every repetition."""
    return {
        "format": 1,
        "written": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": dict(machine),
        "arguments": dict(arguments),
        "workloads": [_result_as_json(result) for result in results],
    }


def _result_as_json(result: Result) -> dict[str, Any]:
    workload = result.workload
    return {
        "name": workload.name,
        "title": workload.title,
        "size": dict(result.size),
        "repetitions": result.repetitions,
        "full": result.full,
        "pinned": workload.pinned,
        "seconds": round(result.seconds, 1),
        "disagreement": result.disagreement,
        "metrics": {m.name: {"title": m.title, "unit": m.unit, "better": m.better} for m in workload.metrics},
        "sides": {
            kind.name: {
                "does": kind.does,
                "scale": kind.scale,
                "version": side.version,
                "failure": side.failure,
                "values": side.metrics,
                "medians": {name: side.median(name) for name in side.metrics},
                "deed_is_times_better": {m.name: result.ratio(m, kind.name) for m in workload.metrics if kind.name != DEED},
            }
            for kind in workload.sides
            if (side := result.sides.get(kind.name)) is not None
        },
        "demands": [
            {"text": j.demand.text, "limit": j.demand.limit, "figure": j.figure, "met": j.met} for j in result.judge()
        ],
    }


def write_json(document: Mapping[str, Any], directory: Path) -> Path:
    """Writes the document under a name made of the time, and returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S")
    path = directory / f"{stamp}.json"
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path
