"""Changes Chalice's command line: it packages exactly the versions that requirements.txt locks, or stops (S-76).

Never imported in Lambda. The package `ops` changes how Chalice packages the app. `ops` is in the wheel; in this
repository it is beside the app.
"""

from importlib import import_module
from importlib.util import find_spec


def keep_to_the_lock() -> None:
    """Change how Chalice packages the app, in this process. Raises ImportError, which says what to install."""
    inside = find_spec(".ops", __package__) is not None
    try:
        exact_package = import_module(
            ".ops.exact_package" if inside else "ops.exact_package", __package__
        )
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{error}: Chalice cannot package this app exactly as requirements.txt locks it. "
            "Install the command line beside Chalice: pip install 'chalice-gatehouse[cli]'"
        ) from error
    exact_package.install()
