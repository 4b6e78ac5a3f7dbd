"""What a run prints and writes: one table for people, one JSON document for programs."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .model import DEED, Metric
from .runner import Judgement, Result, SideResult

MINIMUM_WIDTH = 150  # columns; a narrower terminal wraps or scrolls, a file does not care


def format_value(value: float, unit: str) -> str:
    """A figure with three significant digits and its unit."""
    if unit == "per_second":
        return _scaled(value, 1000, ("/s", "K/s", "M/s"))
    if unit == "seconds":
        return _scaled(value * 1e9, 1000, ("ns", "us", "ms", "s"))
    if unit == "bytes":
        return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB"))
    if unit == "bytes_each":
        return f"{value:.1f} B"
    raise ValueError(f"unknown unit {unit}")


def _scaled(value: float, base: int, units: Sequence[str]) -> str:
    unit = 0
    while abs(value) >= base * 0.9995 and unit < len(units) - 1:
        value /= base
        unit += 1
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f} {units[unit]}"


def console() -> Console:
    return Console(width=max(MINIMUM_WIDTH, shutil.get_terminal_size().columns))


def print_report(results: Sequence[Result], machine: Mapping[str, Any], to: Console) -> None:
    """The table of every workload, then all demands in one list."""
    to.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, {machine['system']}, "
        f"Python {machine['python']}, scratch on {machine['scratch_file_system']}, commit {machine['commit']}"
    )
    for result in results:
        to.print(_table(result))
        if result.workload.note:
            to.print(Text(result.workload.note))
        if result.disagreement is not None:
            to.print(Text(f"The answers disagree, so nothing here counts: {result.disagreement}", style="bold red"))
    to.print(_demands(results))


def _table(result: Result) -> Table:
    workload = result.workload
    sizes = ", ".join(f"{count:,} {name}" for name, count in result.size.items())
    table = Table(
        title=f"\n[bold]{workload.name}[/bold]: {workload.title}\n{sizes}; median of {result.repetitions}, "
        f"(least to most); {'one core' if workload.pinned else 'all cores'}; x: times better Deed is",
        title_justify="left",
        title_style="",
    )
    table.add_column("side", no_wrap=True)
    for metric in workload.metrics:
        table.add_column(metric.title, justify="right", no_wrap=True)
        table.add_column("x", justify="right", no_wrap=True)
    table.add_column("what it does")
    for kind in workload.sides:
        side = result.sides.get(kind.name)
        if side is None:
            continue
        cells = [Text(kind.name, style="bold" if kind.name == DEED else "")]
        for metric in workload.metrics:
            cells += [Text(_figure(side, metric)), Text(_ratio(result, metric, kind.name))]
        reduced = f" (1/{round(1 / kind.scale)} of the rows)" if result.reduced and kind.scale < 1 else ""
        table.add_row(*cells, Text(_does(kind.does + reduced, side)))
    return table


def _figure(side: SideResult, metric: Metric) -> str:
    values = side.metrics.get(metric.name)
    middle = side.median(metric.name)
    if not values or middle is None:
        return "-"
    text = format_value(middle, metric.unit)
    if len(values) > 1:
        text += f" ({format_value(min(values), metric.unit)} to {format_value(max(values), metric.unit)})"
    return text


def _ratio(result: Result, metric: Metric, name: str) -> str:
    ratio = None if name == DEED else result.ratio(metric, name)
    return "" if ratio is None else f"{ratio:.2f}"


def _does(does: str, side: SideResult) -> str:
    version = f"{side.version}: " if side.version else ""
    return version + does if side.failure is None else f"not measured: {side.failure.strip().splitlines()[-1]}"


def _demands(results: Sequence[Result]) -> Table:
    table = Table(title="\n[bold]Demands[/bold]", title_justify="left", title_style="")
    for column in ("workload", "must reach", "reached", ""):
        table.add_column(column, no_wrap=column != "must reach")
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
        "reduced": result.reduced,
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
