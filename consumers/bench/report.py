"""The figures as a table on the terminal and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from consumers.bench.stages import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from consumers.bench.compare import Ratio
    from consumers.bench.figures import Figures
    from consumers.bench.whole_figures import Whole

#: Width of the picture's bars, and height of a bar and its gap [px].
_WIDTH, _BAR, _GAP, _MARGIN, _LABEL = 900, 26, 10, 24, 230
_COLOURS = {"networks": (214, 96, 77), "other": (67, 122, 178), "text": (32, 32, 32), "paper": (255, 255, 255)}


def show(figures: Figures, console: Console) -> None:
    """Print the figures."""
    machine = figures.machine
    console.print(
        f"{figures.load}; {machine.processor}, {machine.cores} cores, load {machine.busy:.1f} before; "
        f"Python {machine.python}, TensorFlow {machine.tensorflow}",
        highlight=False,
    )
    rates = Table("", "alerts/s", "", title="Rates")
    if figures.whole:
        rates.add_row(
            "Sosia, the whole system", f"{figures.whole.alerts_per_s:.0f}", "sustained, committed and received"
        )
    rates.add_row("naive worker, without Kafka", f"{figures.naive.alerts_per_s:.1f}", _times(figures, "naive"))
    rates.add_row("limit: the networks alone", f"{figures.limit_alerts_per_s:.0f}", _times(figures, "limit"))
    console.print(rates)
    stages = Table("stage", "ms CPU an alert", title="Each stage in one process, without Kafka")
    for name, milliseconds in figures.stages.cpu_ms.items():
        stages.add_row(name, f"{milliseconds:.3f}")
    stages.add_row("all but the networks", f"{figures.stages.outside_networks_ms:.3f}", style="bold")
    stages.add_row("naive worker, all of it", f"{1e3 * figures.naive.cpu_s_per_alert:.1f}")
    console.print(stages)
    if figures.long_packets:
        told = ", ".join(f"{1e3 * cpu_s:.2f} ms at {length}" for length, cpu_s in figures.long_packets.items())
        console.print(f"Decoding and splicing a Rubin packet, by its earlier detections: {told}.", highlight=False)
    if figures.whole:
        console.print(_whole_table(figures.whole))
    ran = ", ".join(_shares(_networks(figures)))
    console.print(
        f"Networks ran on: {ran}. Reference cache hits: {figures.stages.cache_hits}. "
        f"Novelty index: {figures.index_entries} entries.",
        highlight=False,
    )


def show_ratios(ratios: list[Ratio], bound: float, console: Console) -> None:
    """Print a comparison with an earlier run."""
    table = Table("figure", "before", "now", "worse by", title=f"Compared; beyond {bound:g} fails")
    for ratio in ratios:
        style = "red" if ratio.worse > bound else ""
        table.add_row(ratio.name, f"{ratio.old:.4g}", f"{ratio.new:.4g}", f"{ratio.worse:.2f}", style=style)
    console.print(table)


def save_picture(figures: Figures, file: Path) -> None:
    """Draw what an alert costs, stage by stage, and the rates beside each other."""
    from PIL import Image, ImageDraw, ImageFont

    bars = [(name, ms, f"{ms:.2f} ms") for name, ms in figures.stages.cpu_ms.items()]
    rates = [("naive worker", figures.naive.alerts_per_s), ("networks alone", figures.limit_alerts_per_s)]
    if figures.whole:
        rates.insert(1, ("Sosia, whole", figures.whole.alerts_per_s))
    groups = [
        ("CPU of an alert by stage", bars),
        ("alerts a second", [(name, rate, f"{rate:.0f}") for name, rate in rates]),
    ]
    rows = sum(len(group) + 1 for _, group in groups)
    image = Image.new("RGB", (_WIDTH, 2 * _MARGIN + rows * (_BAR + _GAP)), _COLOURS["paper"])
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=15)
    y = _MARGIN
    for title, group in groups:
        draw.text((_MARGIN, y), title, _COLOURS["text"], font=ImageFont.load_default(size=18))
        y += _BAR + _GAP
        longest = max(value for _, value, _ in group) or 1.0
        for name, value, text in group:
            length = (_WIDTH - _LABEL - 4 * _MARGIN) * value / longest
            colour = _COLOURS["networks" if name.startswith(NETWORKS) else "other"]
            draw.text((_MARGIN, y + 4), name, _COLOURS["text"], font=font)
            draw.rectangle((_LABEL, y, _LABEL + max(length, 1), y + _BAR), colour)
            draw.text((_LABEL + length + 8, y + 4), text, _COLOURS["text"], font=font)
            y += _BAR + _GAP
    image.save(file, format="PNG")


def _whole_table(whole: Whole) -> Table:
    table = Table("the whole system", "", title=f"{whole.workers} workers, exactly once, a read_committed subscriber")
    latency, append = whole.latency_s, whole.append_latency_s
    for name, value in (
        (f"burst of {whole.burst_alerts} drained in", f"{whole.drained_s:.1f} s"),
        (f"latency at {whole.steady_rate:g}/s, to receipt", _quantiles(latency.p50, latency.p95, latency.p99)),
        ("the same, broker to broker", _quantiles(append.p50, append.p95, append.p99)),
        ("CPU an alert, workers and Kafka",
         f"{1e3 * whole.cpu_s_per_alert:.2f} and {1e3 * whole.kafka_cpu_s_per_alert:.2f} ms"),
        ("memory of a worker, at most", f"{whole.peak_rss_mb:.0f} MB"),
        ("private memory, after the burst and later", "{:.0f} and {:.0f} MB".format(*whole.private_mb)),
        ("alerts compared with earlier epochs", f"{whole.judged_by_history:.0%} of {whole.history_rows} rows' objects"),
        ("dead letters, received twice", f"{whole.dead}, {whole.repeated}"),
    ):  # fmt: skip
        table.add_row(name, value)
    return table


def _quantiles(p50: float, p95: float, p99: float) -> str:
    return f"p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} s"


def _times(figures: Figures, reference: str) -> str:
    if figures.whole is None:
        return ""
    if reference == "naive":
        return f"Sosia is {figures.whole.alerts_per_s / figures.naive.alerts_per_s:.1f} times as fast"
    return f"Sosia reaches {figures.whole.alerts_per_s / figures.limit_alerts_per_s:.2f} of it"


def _shares(networks: Mapping[str, float]) -> Iterator[str]:
    """Tell on which share of the alerts each network ran; the router scores all that it would have without it."""
    for name, share in networks.items():
        if not name.startswith("router."):
            without = networks.get(f"router.{name}")
            yield f"{name} {share:.1%}" + ("" if without is None else f" (without the router {without:.1%})")


def _networks(figures: Figures) -> dict[str, float]:
    return figures.whole.networks if figures.whole else figures.stages.networks
