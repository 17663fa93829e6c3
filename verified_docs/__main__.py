"""The commands: `python -m verified_docs check | generate | build | serve | study | robustness`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from verified_docs.base.config import find
from verified_docs.base.errors import DocsError
from verified_docs.ledger import command as ledger
from verified_docs.site import build as site
from verified_docs.site import consistency, kinds_shown, live
from verified_docs.studies import command as studies


def main() -> int:
    """Run one command; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m verified_docs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="say what does not belong together: pages, programs, records")
    generate = commands.add_parser("generate", help="check, then write downloads and notebooks into docs/")
    generate.add_argument("--without-notebooks", action="store_true", help="leave the notebooks' pages out")
    build = commands.add_parser("build", help="generate, then build site/ and replace it whole")
    build.add_argument("--anew", action="store_true", help="even if nothing has changed")
    commands.add_parser(
        "serve", help="serve the site and follow every edit; further options go to mkdocs serve"
    )
    studies.add_arguments(commands.add_parser("study", help="record studies; finished runs are kept"))
    ledger.add_arguments(
        commands.add_parser("robustness", help="hold every claim against other seeds and processors")
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # where it is ASCII, messages are not
    arguments, rest = parser.parse_known_args()
    if rest and arguments.command != "serve":
        parser.error(f"unknown argument {rest[0]!r}")
    try:
        config = find(Path.cwd())
        if arguments.command == "check":
            problems = consistency.problems(config)
            print("\n".join(problems) or "pages, programs and records belong together")
            if not problems and config.fingerprint:
                print("\n".join(kinds_shown.told(config)))
            return bool(problems)
        if arguments.command == "generate":
            count = site.generate(config, with_notebooks=not arguments.without_notebooks)
            print(f"{count} programs: downloads and notebooks written to docs/")
        elif arguments.command == "study":
            return studies.run(config, arguments)
        elif arguments.command == "robustness":
            return ledger.run(config, arguments)
        elif arguments.command == "build":
            print(f"{site.build(config, anew=arguments.anew)} Open it: {_how_to_open(config.root)}")
        else:
            live.serve(config, rest)
    except DocsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever reads has read enough: `… check | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _how_to_open(root: Path) -> str:
    python = Path(sys.executable)
    shown = python.relative_to(root) if python.is_relative_to(root) else python
    return f"{shown} -m http.server --directory site 8000, then http://127.0.0.1:8000/"


if __name__ == "__main__":
    sys.exit(main())
