"""``sosia run``: the annotating worker, until stopped."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    parser.add_argument("--allow-untrained", action="store_true", help=argparse.SUPPRESS)  # for `sosia demo` only


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    from consumers.cores import limit_threads
    from consumers.memory import keep_memory

    limit_threads()
    keep_memory()

    from consumers.configuration import load_settings
    from consumers.log import set_up_logs
    from consumers.worker.service import run_worker

    settings = load_settings(args.config)
    set_up_logs(settings.log)
    run_worker(settings, allow_untrained=args.allow_untrained)
    return 0
