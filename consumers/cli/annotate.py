"""``sosia annotate``: files in, one annotation a line out."""

from __future__ import annotations

import argparse
from pathlib import Path

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.out import add_out_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH",
        help="files (Avro, FITS, PNG, JPEG, Parquet), or folders with .avro files in them",
    )  # fmt: skip
    parser.add_argument(
        "--survey", help="read only this survey's alerts: ztf, lsst, or a configured name of own stamps"
    )
    parser.add_argument(
        "--schemas", type=Path, metavar="DIR",
        help="schemas of wire-format packets, named lsst.vMAJOR_MINOR.alert.avsc; default: the folder 'schema' beside",
    )  # fmt: skip
    add_config_argument(parser)
    add_out_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Annotate the files; 1 where one of them could not be read."""
    from consumers.cores import limit_threads
    from consumers.memory import keep_memory

    limit_threads()
    keep_memory()

    from consumers.annotate_files import MEASURES, annotate_files
    from consumers.outputs.flat import annotation_columns
    from consumers.outputs.writing import write_results

    found = annotate_files(args.paths, configured(args.config), survey=args.survey, schemas=args.schemas)
    title, columns = "Sosia: annotated alerts", annotation_columns()
    return int(not write_results(found, args.out, title, MEASURES, columns, as_json=args.json))
