"""Makes botocore read the service models from a copy in the zip. The copy is reduced to the operations that Gatehouse
calls (`ops/service_models.py`).

In a checkout the copy is missing, and botocore's own data is used. All other data also comes from botocore, above all the
endpoint rules. The format of the endpoint rules depends on the botocore version of Lambda's runtime. This version is not
locked.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

FOLDER = Path(__file__).parent / "aws_models"


class CutModels(Loader):  # type: ignore[misc]  # botocore has no types
    """A subclass of botocore's loader that reads our folder first, without listing botocore's folders."""

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return the reduced model of a service, or botocore's model.

        The files of a reduced model are found without a listing of botocore's folders.
        """
        model = _read(f"{service_name}/service-2") if api_version is None else None
        if model is None:
            return super().load_service_model(service_name, type_name, api_version)
        if type_name == "service-2":
            return model
        return self.load_data(f"{service_name}/{model['metadata']['apiVersion']}/{type_name}")

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return a file's content and path: our file if it exists, otherwise botocore's file."""
        found = _read(name)
        return (found, str(FOLDER / name)) if found else super().load_data_with_path(name)

    def is_builtin_path(self, path: str) -> bool:
        """Whether data is built into botocore. Our data counts as built in, because our data sets no endpoint."""
        return path.startswith(str(FOLDER)) or super().is_builtin_path(path)


def _read(name: str) -> Any:
    try:
        return json.loads((FOLDER / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
