"""``sosia index``: the index consumer, and what is done with versions by hand."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.cli.configured import add_config_argument, configured
from consumers.cli.numbers import more_than_0, whole
from consumers.printable import printable_lines

if TYPE_CHECKING:
    from consumers.look_alikes.sightings import FileReader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_config_argument(parser, "without an ACTION: settings in TOML")
    parser.add_argument("--once", action="store_true", help="without an ACTION: make one version, and end")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", help="none: build versions of the stream's rows")
    build = actions.add_parser("build", help="make a version from files, without Kafka, and put it to use")
    build.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH",
        help="alerts, pictures, or rows of sosia.embeddings.v1 (.avro); folders with everything below them",
    )  # fmt: skip
    build.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of indexes")
    build.add_argument(
        "--labels", type=Path, metavar="TABLE", help="CSV: first column ids, then classes and properties"
    )
    build.add_argument(
        "--method", choices=["sosia", "ulisse"], default="sosia",
        help="ulisse: distances between whole embeddings in single precision, first neighbour",
    )  # fmt: skip
    build.add_argument("--axes", type=whole(1), metavar="N", help="of the sosia method's space; default 64")
    build.add_argument(
        "--calibration", type=more_than_0(1.0), metavar="SHARE", help="objects that calibrate, 0 to 1; default 0.2"
    )
    build.add_argument(
        "--memory", type=more_than_0(), default=2.0, metavar="GB", help="most that building takes; default 2"
    )
    build.add_argument("--threads", type=whole(1), default=1, help="default 1: the same rows give the same index")
    _add_reading(build)

    weirdest = actions.add_parser("weirdest", help="draw the most novel images of a night")
    weirdest.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="the night's alerts or pictures")
    _add_index(weirdest)
    weirdest.add_argument("--top", type=whole(1), default=81, metavar="N", help="how many; default 81")
    weirdest.add_argument("--sheet", type=Path, default=Path("weirdest.png"), metavar="PNG")
    weirdest.add_argument("--json", action="store_true", help="print one JSON object a line")
    _add_reading(weirdest)

    label = actions.add_parser("label", help="say what you think of an object or epoch; it moves the ranking")
    label.add_argument("id")
    label.add_argument("opinion", choices=["interesting", "boring", "artefact"])
    _add_index(label)
    label.add_argument("--survey")

    versions = actions.add_parser("versions", help="list versions and what was measured of the one in use")
    _add_index(versions)

    rollback = actions.add_parser("rollback", help="announce an earlier version again: all workers swap to it")
    rollback.add_argument("--survey", required=True)
    rollback.add_argument("--version", metavar="NAME", help="default: the one before the version in use")
    # Its default would hide what stands before the action.
    rollback.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="settings in TOML")

    use = actions.add_parser("use", help="put an earlier version in a folder to use again, without Kafka")
    use.add_argument("version")
    _add_index(use)
    use.add_argument("--survey", required=True)


def _add_index(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--index", type=Path, required=True, metavar="DIR", help="folder of indexes")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--survey", help="read only this survey's alerts, and take pictures for its stamps")
    parser.add_argument("--schemas", type=Path, metavar="DIR", help="schemas of wire-format packets")
    parser.add_argument(
        "--pixel-scale", type=more_than_0(), metavar="ARCSEC", help="of pictures; default: all of it is seen"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="settings in TOML")


def run(args: argparse.Namespace) -> int:
    """Do one action; 1 where a file could not be read."""
    actions = {
        None: _serve, "build": _build, "weirdest": _weirdest, "label": _label, "versions": _versions,
        "rollback": _rollback, "use": _use,
    }  # fmt: skip
    return actions[args.action](args)


def _serve(args: argparse.Namespace) -> int:
    from consumers.index.service import run_index

    run_index(configured(args.config), once=args.once)
    return 0


def _rollback(args: argparse.Namespace) -> int:
    from consumers.index.service import roll_back

    announced = roll_back(configured(args.config), args.survey, args.version)
    sys.stdout.write(f"{announced.survey}  version {announced.version}  {announced.uri}\n")
    return 0


def _build(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from broker.novelty.recipe import ULISSE, Recipe
    from consumers.look_alikes.build import build_from_files
    from consumers.look_alikes.report import describe

    recipe = replace(
        ULISSE if args.method == "ulisse" else Recipe(), memory=int(args.memory * 1e9), threads=args.threads
    )
    if args.calibration is not None:
        recipe = replace(recipe, calibration_share=args.calibration)
    if args.axes is not None:
        recipe = replace(recipe, axes=args.axes)
    version, unreadable = build_from_files(args.paths, args.output, _reader(args), recipe, args.labels)
    for one in unreadable:
        sys.stderr.write(printable_lines(f"{one.file}: {one.error}") + "\n")
    sys.stdout.write(printable_lines(describe(version.manifest)))  # bands come with packets
    return int(bool(unreadable))


def _weirdest(args: argparse.Namespace) -> int:
    from consumers.look_alikes.report import ranked_json
    from consumers.look_alikes.weirdest import rank, save_weirdest

    seen = list(_reader(args).read(args.paths))
    unreadable = [one for one in seen if one.sighting is None]
    for one in unreadable:
        sys.stderr.write(printable_lines(f"{one.file}: {one.error}") + "\n")
    ranked = rank(seen, args.index)
    for each in ranked[: args.top]:
        fields = ranked_json(each)
        line = json.dumps(fields) if args.json else "  ".join(map(str, fields.values()))
        sys.stdout.write(printable_lines(line) + "\n")
    save_weirdest(args.sheet, ranked, args.top)
    sys.stderr.write(f"{args.sheet}\n")
    return int(bool(unreadable))


def _label(args: argparse.Namespace) -> int:
    from broker.novelty.feedback import Opinion
    from consumers.look_alikes.say import say

    sys.stdout.write(f"{say(args.index, args.survey, args.id, Opinion(args.opinion))}\n")
    return 0


def _versions(args: argparse.Namespace) -> int:
    from consumers.look_alikes.report import list_versions

    sys.stdout.write(printable_lines(list_versions(args.index)))
    return 0


def _use(args: argparse.Namespace) -> int:
    from broker.novelty.versions import open_version, survey_folder, use

    open_version(survey_folder(args.index, args.survey) / args.version)  # a damaged one is not put to use
    use(args.index, args.survey, args.version)
    return 0


def _reader(args: argparse.Namespace) -> FileReader:
    from consumers.look_alikes.sightings import FileReader

    return FileReader(configured(args.config), args.survey, args.schemas, args.pixel_scale)
