"""`python -m benchmarks` compares Gatehouse with its peers and prints the figures. The command writes
docs/BENCHMARKS.md and the figures in README.md.

The exit code is 1 if a target is missed. With `--only`, the command prints the figures and writes no file.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import (
    authorized_route,
    builds,
    callback,
    direct_timing,
    loopback_aws,
    machine,
    package_size,
    page,
    peers_home,
    reconcile,
    report,
    scale,
    sign_in,
    tokens,
    trigger,
)
from benchmarks.figures import Section
from benchmarks.processes import ROOT, Lab

PAGE = ROOT / "docs" / "BENCHMARKS.md"
README = ROOT / "README.md"

Run = Callable[[Lab, loopback_aws.LoopbackAws], list[Section]]

#: The benchmarks, in the order of docs/BENCHMARKS.md. `main` runs `reconcile` first, because `reconcile` measures the
#: process's memory, and the other benchmarks make the process grow.
BENCHMARKS: dict[str, Run] = {
    authorized_route.NAME: lambda lab, _: authorized_route.run(lab),
    callback.NAME: callback.run,
    sign_in.NAME: sign_in.run,
    tokens.NAME: lambda lab, _: tokens.run(lab),
    trigger.NAME: lambda lab, _: trigger.run(lab),
    scale.NAME: lambda lab, _: scale.run(lab),
    package_size.NAME: lambda lab, _: package_size.run(lab),
    page.NAME: lambda lab, _: page.run(lab),
    direct_timing.NAME: lambda lab, _: direct_timing.run(lab),
    reconcile.NAME: lambda lab, _: reconcile.run(lab),
}


def main() -> int:
    """Run the benchmarks and print the report; return the exit code."""
    arguments = _parse()
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:4.0f} s] {text}", file=sys.stderr, flush=True)

    names = arguments.only or list(BENCHMARKS)
    found: dict[str, list[Section]] = {}
    try:
        with loopback_aws.served() as aws, tempfile.TemporaryDirectory() as folder:
            home = builds.unpack_ours(Path(folder))
            lab = Lab(
                peers_home.python(),
                aws.environment,
                arguments.runs,
                tell,
                aws.tls_environment,
                app=home,
                sources=builds.unpack_sources(home, Path(folder)),
                earlier=builds.unpack_earlier(Path(folder)),
            )
            for name in sorted(names, key=lambda name: name != reconcile.NAME):
                found[name] = BENCHMARKS[name](lab, aws)
            about = machine.describe(lab)
    except RuntimeError as error:
        sys.exit(str(error))
    sections = [section for name in BENCHMARKS for section in found.get(name, ())]
    text = report.build(
        sections,
        about,
        date=datetime.now(tz=timezone.utc).date().isoformat(),
        runs=arguments.runs,
        minutes=max(1, round((time.monotonic() - began) / 60)),
    )
    print(text)
    if not arguments.only:
        arguments.out.write_text(text, encoding="utf-8")
        if arguments.out == PAGE:
            readme = report.put_headlines(README.read_text(encoding="utf-8"), sections)
            README.write_text(readme, encoding="utf-8")
    missed = report.missed(sections)
    for promise in missed:
        print(f"MISSED: {promise}", file=sys.stderr)
    return 1 if missed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(BENCHMARKS),
        metavar="NAME",
        help=f"one of {', '.join(BENCHMARKS)}; may be repeated",
    )
    parser.add_argument(
        "--runs", type=_positive, default=31, help="processes per subject (default 31)"
    )
    parser.add_argument("--out", type=Path, default=PAGE, help="where the page is written")
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


if __name__ == "__main__":
    sys.exit(main())
