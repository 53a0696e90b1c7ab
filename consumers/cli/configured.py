"""``--config``, and the settings that it names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from consumers.settings import Settings


def add_config_argument(parser: argparse.ArgumentParser, which: str = "settings in TOML") -> None:
    """Declare ``--config``."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=which)


def configured(path: Path | None = None) -> Settings:
    """Load the settings, and have all logs go to standard error: standard output belongs to a command's results."""
    from consumers.configuration import load_settings
    from consumers.log import set_up_logs

    settings = load_settings(path)
    set_up_logs(settings.log)
    return settings
