"""This module checks that a Lambda zip is not larger than Lambda allows. `ops` and a plain `chalice deploy` use this
module before an upload.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .errors import OpsError
from .locked import NAME as LOCK

# Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# Chalice uploads the zip in the request, so Lambda's limit for zips in S3 does not apply.
ZIPPED = 50 * 1024**2
UNZIPPED = 250 * 1024**2


def require_size(package: Path) -> None:
    """Raise OpsError for a zip that Lambda would refuse. The message names the largest packages."""
    with zipfile.ZipFile(package) as packed:
        entries = packed.infolist()
    problems = [
        f"size of {what}: {size / 1024**2:.1f} MiB, limit: {limit // 1024**2} MiB. The largest parts: {_largest(sizes)}"
        for what, limit, size, sizes in (
            (
                "the zip",
                ZIPPED,
                package.stat().st_size,
                [(entry.filename, entry.compress_size) for entry in entries],
            ),
            (
                "the unpacked files",
                UNZIPPED,
                sum(entry.file_size for entry in entries),
                [(entry.filename, entry.file_size) for entry in entries],
            ),
        )
        if size > limit
    ]
    if problems:
        raise OpsError.listing(
            f"Lambda would refuse this package. Remove packages from {LOCK}, or files from chalicelib:",
            problems,
        )


def _largest(sizes: Iterable[tuple[str, int]]) -> str:
    by_part: Counter[str] = Counter()
    for name, size in sizes:
        by_part[name.split("/")[0]] += size
    return ", ".join(f"{part} ({size / 1024**2:.1f})" for part, size in by_part.most_common(3))
