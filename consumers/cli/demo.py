"""``sosia demo``: the whole system on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.numbers import whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--input", type=Path, metavar="DIR", help="stream the .avro packets below this folder instead")
    parser.add_argument("--alerts", type=whole(1), default=300, metavar="N", help="alerts of the night (default 300)")
    parser.add_argument("--survey", choices=("ztf", "lsst"), help="only this survey's; default: both")
    parser.add_argument("--out", type=Path, default=Path("sosia-demo"), metavar="DIR", help="default: ./sosia-demo")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end, until Ctrl-C")
    add_config_argument(parser, "settings in TOML, of which the networks are used")


def run(args: argparse.Namespace) -> int:
    """Demonstrate; 1 where the counts do not add up."""
    from rich.console import Console

    from consumers.demo.run import DemoOptions, run_demo

    surveys = ("ztf", "lsst") if args.survey is None else (args.survey,)
    options = DemoOptions(folder=args.input, alerts=args.alerts, surveys=surveys, out=args.out, keep=args.keep)
    return run_demo(options, configured(args.config), Console())
