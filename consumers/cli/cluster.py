"""The arguments by which a command finds its cluster."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from consumers.cli.configured import add_config_argument, configured

if TYPE_CHECKING:
    from consumers.settings import Settings


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--config`` and ``--bootstrap``."""
    add_config_argument(parser, "settings in TOML; see also SOSIA_SECTION__KEY")
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="the cluster, instead of kafka.bootstrap_servers")


def cluster_settings(args: argparse.Namespace) -> Settings:
    """Load the settings that these arguments ask for, and set up the logs."""
    settings = configured(args.config)
    if not args.bootstrap:
        return settings
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": args.bootstrap})
    return settings.model_copy(update={"kafka": kafka})
