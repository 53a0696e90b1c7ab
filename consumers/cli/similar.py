"""``sosia similar``: the nearest look-alikes, with a picture."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.numbers import more_than_0, whole
from consumers.cli.out import add_out_arguments
from consumers.printable import printable_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument(
        "query", nargs="?", metavar="FILE|ID", help="an image, alerts (Avro, Parquet), or an id that the index holds",
    )  # fmt: skip
    asked.add_argument("--queries", type=Path, metavar="DIR", help="folder of images or alerts, all asked")
    parser.add_argument("--index", type=Path, required=True, metavar="DIR", help="folder of indexes")
    parser.add_argument(
        "--rank", choices=["distance", "frequency"], default="distance",
        help="of several queries: each one's look-alikes, or candidates by how many queries propose them",
    )  # fmt: skip
    parser.add_argument(
        "--by", choices=["angle", "distance"], default="angle",
        help="alike in what sets an image apart, however faint it is (default), or in that and in how much",
    )  # fmt: skip
    parser.add_argument("--count", type=whole(1), default=16, metavar="N", help="look-alikes of each query; default 16")
    parser.add_argument("--top", type=whole(1), default=100, metavar="N", help="candidates by frequency; default 100")
    parser.add_argument("--sheet", type=Path, default=Path("similar.png"), metavar="PNG")
    parser.add_argument("--survey", help="whose index; default: the only one")
    parser.add_argument("--band", help="among which band's images to look; default: the image's own")
    parser.add_argument("--schemas", type=Path, metavar="DIR", help="schemas of wire-format packets")
    parser.add_argument(
        "--pixel-scale", type=more_than_0(), metavar="ARCSEC", help="of pictures; default: all of it is seen"
    )
    add_config_argument(parser)
    add_out_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look; 1 where a file could not be read."""
    from consumers.look_alikes.report import answer_lines, candidate_lines
    from consumers.look_alikes.sightings import FileReader
    from consumers.look_alikes.similar import (
        open_index,
        rank_by_frequency,
        save_answers,
        save_ranking,
        similar_to_entry,
        similar_to_image,
    )  # fmt: skip
    from consumers.outputs.look_alike_rows import BY_DISTANCE, BY_VOTES, answer_rows, candidate_rows
    from consumers.outputs.opening import open_outputs
    from consumers.outputs.row import Row

    settings = configured(args.config)
    files = [args.queries] if args.queries else [Path(args.query)] if Path(args.query).exists() else []
    version = open_index(args.index, args.survey, lookups=not files or args.by == "angle")
    by_votes = args.rank == "frequency"
    title, measures = f"Sosia: look-alikes in {version.manifest.survey}", BY_VOTES if by_votes else BY_DISTANCE
    unreadable: list[Row] = []
    with open_outputs(args.out, title, measures) as outputs:
        if files:
            reader = FileReader(settings, version.manifest.survey, args.schemas, args.pixel_scale)
            answers = []
            for seen in reader.read(files):
                if seen.sighting is None:
                    unreadable.append(Row({"file": str(seen.file), "error": str(seen.error)}))
                    if not args.json:
                        sys.stderr.write(printable_lines(f"{seen.file}: {seen.error}") + "\n")
                else:
                    answers.append(similar_to_image(version, seen, args.count, args.band, args.by))
        else:
            answers = list(similar_to_entry(version, args.query, args.count, args.by))
        if by_votes:
            ranked = rank_by_frequency(answers)[: args.top]
            lines, rows = candidate_lines(ranked), candidate_rows(ranked)
            save_ranking(args.sheet, version, ranked, len(answers))
        else:
            lines, rows = answer_lines(answers), answer_rows(answers)
            save_answers(args.sheet, version, answers)
        for row in (*unreadable, *rows) if outputs else ():
            for output in outputs:
                output.add(row)
    for line in (*(row.fields for row in unreadable if args.json), *(lines if args.json or not args.out else ())):
        sys.stdout.write(printable_lines(json.dumps(line) if args.json else "  ".join(map(str, line.values()))) + "\n")
    sys.stderr.write("".join(f"{path}\n" for path in (args.sheet, *args.out)))
    return int(bool(unreadable))
