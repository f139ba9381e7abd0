"""Tests of the reduced models with each runtime's oldest botocore. The zip is made with a new botocore, and Lambda uses
its own botocore.

"The version of the AWS SDK included in the Python runtime depends on the runtime version and your Region" (AWS Lambda
developer guide, "Building Lambda functions with Python"). No region can have an older version than the runtime's first
version. Each version in this file was therefore released before the runtime. The tests download the versions from the
package index.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.runtimes import RUNTIMES

ROOT = Path(__file__).resolve().parents[2]
#: A version of botocore for each runtime. The comment is the month in which Lambda introduced the runtime.
OLDEST = {
    "3.11": "1.30.1",  # 2023-07
    "3.12": "1.31.72",  # 2023-11
    "3.13": "1.35.56",  # 2024-11
    "3.14": "1.40.4",  # 2025-11
}
PROGRAM = """
import sys
import botocore
import pytest
assert botocore.__version__ == sys.argv[1], botocore.__version__
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests/unit/test_aws_models.py", "-k", "understood or listed"]))
"""


def test_each_runtime_has_its_oldest() -> None:
    """After a runtime is added, the test fails until OLDEST has a line for this runtime."""
    assert OLDEST.keys() == RUNTIMES.keys()


@pytest.mark.parametrize("version", OLDEST.values())
def test_an_old_botocore_sends_and_understands_the_same(version: str, tmp_path: Path) -> None:
    """With the reduced models, requests and responses are the same as with botocore's own data. botocore does not read
    its own data."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path), f"botocore=={version}"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, version],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
