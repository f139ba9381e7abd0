"""`python -m benchmarks`: run every benchmark and print its figures; exit 1 if a target is missed."""

import argparse
import sys

from benchmarks import authorized_route, direct_timing, reconcile


def main() -> int:
    """Run and report; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=31, help="processes per subject (default 31)")
    arguments = parser.parse_args()
    report = authorized_route.run(arguments.runs)
    print(report.text(), end="\n\n")
    print(direct_timing.run(20 * arguments.runs).text(), end="\n\n")
    for result in reconcile.run():
        print(result.text())
    return 0 if report.met() else 1


if __name__ == "__main__":
    sys.exit(main())
