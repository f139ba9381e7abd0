"""botocore's data as the zip brings it: cut to what Gatehouse calls (`ops/service_models.py`), and found first.

Where there is no such folder, as in a checkout, botocore's own data serves, and all else is asked for there too.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

FOLDER = Path(__file__).parent / "aws_models"


class CutModels(Loader):  # type: ignore[misc]  # botocore has no types
    """botocore's loader, which looks into our folder before it lists its own."""

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return the cut model of a service, or botocore's."""
        found = _read(f"{service_name}/{type_name}") if api_version is None else None
        return found or super().load_service_model(service_name, type_name, api_version)

    def load_data(self, name: str) -> Any:
        """Return one of our files, or one of botocore's."""
        return _read(name) or super().load_data(name)


def _read(name: str) -> Any:
    try:
        return json.loads((FOLDER / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
