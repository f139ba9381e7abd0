"""Makes botocore read the service models from a copy in the zip. The copy is reduced to the operations that Gatehouse
calls (`ops/service_models.py`).

A checkout has no copy, so botocore uses its own models there. All other data, above all the endpoint rules, always
comes from botocore. The format of the endpoint rules depends on the botocore version of Lambda's runtime, and that
version is not locked.
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
        """Return the reduced model of a service if there is one, otherwise botocore's model.

        The method finds the files of a reduced model without listing botocore's folders.
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
        """Return whether the data at `path` is built into botocore. Our models count as built in, because they set no
        endpoint."""
        return path.startswith(str(FOLDER)) or super().is_builtin_path(path)


def _read(name: str) -> Any:
    try:
        return json.loads((FOLDER / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
