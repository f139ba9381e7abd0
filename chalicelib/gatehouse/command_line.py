"""Changes Chalice's command line, so that the command line packages exactly the locked versions in requirements.txt. If
that is not possible, the command line stops with an error (S-76).

Lambda never imports this module. The package `ops` contains the code that changes Chalice's packaging. In the wheel,
`ops` is inside this package. In this repository, `ops` is beside the app.
"""

from importlib import import_module
from importlib.util import find_spec


def keep_to_the_lock() -> None:
    """Change Chalice's packaging in this process. Raises ImportError if packages are missing. The error's message names
    the packages."""
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
