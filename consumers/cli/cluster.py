"""The arguments by which a command finds its cluster."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.settings import Settings


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--config`` and ``--bootstrap``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; see also SOSIA_SECTION__KEY")
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="the cluster, instead of kafka.bootstrap_servers")


def cluster_settings(args: argparse.Namespace) -> Settings:
    """Load the settings that these arguments ask for, and set up the logs."""
    from consumers.configuration import load_settings
    from consumers.log import set_up_logs

    settings = load_settings(args.config)
    if args.bootstrap:
        kafka = settings.kafka.model_copy(update={"bootstrap_servers": args.bootstrap})
        settings = settings.model_copy(update={"kafka": kafka})
    set_up_logs(settings.log)
    return settings
