"""``sosia bench``: throughput and latency of the whole system and of each stage."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.numbers import more_than_0, whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--input", type=Path, metavar="DIR", help="make the load of the .avro packets below this folder"
    )
    parser.add_argument("--survey", choices=("ztf", "lsst"), help="only this survey's; default: both")
    parser.add_argument("--alerts", type=whole(1), default=10_000, metavar="N", help="of the burst (default 10000)")
    parser.add_argument(
        "--rate", type=more_than_0(), default=250.0, metavar="R", help="of the steady part [1/s] (default 250)"
    )
    parser.add_argument(
        "--seconds", type=more_than_0(), default=20.0, metavar="S", help="of the steady part (default 20)"
    )
    parser.add_argument("--workers", type=whole(1), metavar="N", help="default: one a core; they share the cores")
    parser.add_argument("--pin", action="store_true", help="give each worker one core of its own")
    parser.add_argument("--stages", action="store_true", help="only what runs in one process, without Kafka")
    parser.add_argument("--index", type=Path, metavar="DIR", help="a folder of versions of the novelty index")
    parser.add_argument(
        "--entries", type=whole(0), default=0, metavar="N", help="made there, or for this run, where there is none"
    )
    add_config_argument(parser, "settings in TOML: backbone, rule, networks, batch")
    parser.add_argument("--out", type=Path, default=Path("sosia-bench.png"), metavar="PNG", help="the picture")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="fail where a figure became much worse")
    parser.add_argument(
        "--bound", type=more_than_0(), default=1.25, metavar="F", help="worse by which factor (default 1.25)"
    )


def run(args: argparse.Namespace) -> int:
    """Measure; 1 where a figure became worse by more than the bound."""
    from consumers.cores import granted_cores, limit_threads
    from consumers.memory import keep_memory

    limit_threads(1)  # one process's stages, and the naive worker at its best
    keep_memory()
    from rich.console import Console

    from consumers.bench.compare import compare, read_figures, regressions
    from consumers.bench.report import save_picture, show, show_ratios
    from consumers.bench.run import BenchOptions, run_bench

    settings = configured(args.config)
    old = None if args.compare is None else read_figures(args.compare)
    told = Console(stderr=args.json)
    options = BenchOptions(
        folder=args.input,
        surveys=("ztf", "lsst") if args.survey is None else (args.survey,),
        alerts=args.alerts,
        rate=args.rate,
        seconds=args.seconds,
        workers=args.workers or granted_cores(),
        whole=not args.stages,
        index=args.index,
        entries=args.entries,
        pin=args.pin,
    )
    with told.status("") as status:
        figures = run_bench(options, settings, status.update)
    found = figures.to_json()
    if args.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        show(figures, told)
    save_picture(figures, args.out)
    if old is None:
        return 0
    ratios = compare(old, found)
    show_ratios(ratios, args.bound, told)
    return 1 if regressions(ratios, args.bound) else 0
