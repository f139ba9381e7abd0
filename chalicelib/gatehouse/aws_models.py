"""Lets botocore read its service models from a copy in the zip. The copy is reduced to the operations that Gatehouse calls
(`ops/service_models.py`).

Without that folder, as in a checkout, botocore's own data is used. Everything else also comes from botocore, above all
the endpoint rules, whose format depends on the unlocked botocore of Lambda's runtime.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

FOLDER = Path(__file__).parent / "aws_models"


class CutModels(Loader):  # type: ignore[misc]  # botocore has no types
    """botocore's loader, but it looks into our folder before it lists botocore's folders."""

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return the reduced model of a service, or botocore's.

        The files that belong to a reduced model are found without a listing of botocore's folders.
        """
        model = _read(f"{service_name}/service-2") if api_version is None else None
        if model is None:
            return super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2":
            return model
        return self.load_data(f"{service_name}/{model['metadata']['apiVersion']}/{type_name}")

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return our file or, if we have none, botocore's file, and its path."""
        found = _read(name)
        return (found, str(FOLDER / name)) if found else super().load_data_with_path(name)

    def is_builtin_path(self, path: str) -> bool:
        """Whether data is built into botocore. Our data counts as built in, because it sets no endpoint."""
        return path.startswith(str(FOLDER)) or super().is_builtin_path(path)


def _read(name: str) -> Any:
    try:
        return json.loads((FOLDER / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
