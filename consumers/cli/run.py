"""``sosia run``: the annotating worker, until stopped."""

from __future__ import annotations

import argparse

from consumers.cli.configured import add_config_argument, configured


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_config_argument(parser)
    parser.add_argument("--allow-untrained", action="store_true", help=argparse.SUPPRESS)  # for `sosia demo` only


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    from consumers.cores import limit_threads
    from consumers.memory import keep_memory

    limit_threads()
    keep_memory()

    from consumers.worker.service import run_worker

    run_worker(configured(args.config), allow_untrained=args.allow_untrained)
    return 0
