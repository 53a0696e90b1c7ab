"""``sosia annotate``: files in, one annotation a line out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.annotate_files import FileAnnotation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="files, or folders with .avro files in them"
    )
    parser.add_argument(
        "--survey", help="read only this survey's alerts: ztf, lsst, or a configured name of own stamps"
    )
    parser.add_argument(
        "--schemas", type=Path, metavar="DIR",
        help="schemas of wire-format packets, named lsst.vMAJOR_MINOR.alert.avsc; default: the folder 'schema' beside",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Annotate the files; 1 where one of them could not be read."""
    from consumers.cores import limit_threads
    from consumers.memory import keep_memory

    limit_threads()
    keep_memory()

    from consumers.annotate_files import annotate_files
    from consumers.configuration import load_settings

    failed = False
    for one in annotate_files(args.paths, load_settings(args.config), survey=args.survey, schemas=args.schemas):
        sys.stdout.write((json.dumps(one.to_json()) if args.json else _line(one)) + "\n")
        sys.stdout.flush()  # a line as soon as it is known, also into a pipe
        failed |= one.error is not None
    return int(failed)


def _line(one: FileAnnotation) -> str:
    if one.annotation is None:
        return f"{one.file}: {one.error}"
    annotation, epoch = one.annotation, one.annotation.epoch
    distance = "-" if epoch.reference_distance is None else f"{epoch.reference_distance:.3f}"
    verdict = f"({epoch.reason})" if epoch.score is None else f"score {epoch.score:.2f}"
    return "  ".join(
        (
            f"{annotation.survey:5} {annotation.object_id:20} {annotation.epoch_id:20} {annotation.band or '-':2}",
            f"distance {distance:8} {epoch.state} {verdict}{'  PROBLEMATIC' if epoch.problematic else ''}",
        )
    )
