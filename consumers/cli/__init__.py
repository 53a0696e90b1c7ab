"""The command `sosia`: one file a command, each with its arguments and one call; no logic."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING

from consumers.printable import printable_lines
from schemas.errors import ConfigurationError, SosiaError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What `sosia --help` says of each; the files themselves are imported only when asked for.
_COMMANDS = {
    "demo": "stream a simulated night, or a folder of packets, through a real Kafka on this machine",
    "run": "the annotating worker, until stopped",
    "replay": "publish packets of files or of a simulated night at a given pace",
    "tail": "a subscriber: print annotated alerts",
    "page": "the live page: the newest alerts with their images, in a browser",
    "ledger": "audit the ledger: was every input record annotated or dead-lettered exactly once?",
    "mirror": "bring a foreign cluster's topics in, exactly once",
    "dead": "dead letters: list them, show one, send them to the workers once more",
    "history": "fill the history of objects' earlier epochs again",
    "annotate": "no Kafka: files in, one annotation a line out",
    "index": "the index consumer; versions by hand: build, weirdest, label, versions, rollback, use",
    "similar": "the nearest look-alikes of an image or object, with a picture",
    "bench": "throughput and latency of the whole system and of each stage",
    "classify": "one network over images and alerts in files",
    "train": "make a network's weights again",
    "evaluate": "print the figures of a network's card again",
}
_USAGE_ERROR = 2
#: What a shell says of a program that SIGPIPE ended.
_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        As on the command line, without the program's name.

    Returns
    -------
    int
        0, 1 where something could not be done, 2 for wrong usage or configuration, 141 where the output is not read on.
    """
    try:
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        finally:
            sys.stdout.flush()  # here, since at Python's own end it would be too late to be quiet about it
    except BrokenPipeError:  # the reader of our output, such as head, has had enough
        return _output_unread()
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # which rich has turned into this
            return _output_unread()
        raise


def _run(given: Sequence[str]) -> int:
    parser = _parser(given)
    args = parser.parse_args(given)
    try:
        return int(args.run(args))
    except ConfigurationError as error:
        parser.exit(_USAGE_ERROR, f"sosia {args.command}: {printable_lines(str(error))}\n")
    except SosiaError as error:
        parser.exit(1, f"sosia {args.command}: {printable_lines(str(error))}\n")
    except OSError as error:
        if not isinstance(error.filename, str):  # of no file that somebody named: a bug, or the reader of our output
            raise
        told = f"{error.filename}: {error.strerror}; check the path, the rights to it and the room there"
        parser.exit(1, f"sosia {args.command}: {printable_lines(told)}\n")
    except KeyboardInterrupt:
        parser.exit(130, "\n")


def _output_unread() -> int:
    """Have what is still in the buffer go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _BROKEN_PIPE


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sosia", description="Problematic epochs, rare objects and novelties in streams of astronomical alerts."
    )
    parser.add_argument("--version", action="version", version=f"sosia {metadata.version('sosia-broker')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in given if not word.startswith("-")), None)
    for name, summary in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == asked:
            module = import_module(f"consumers.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
