"""The objects that a warm Lambda container keeps for one app: settings, services, time limits, and clients for the
app's own code.

An authorized route needs only the settings, so `services.py` is imported when the services are first used.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import deadline
from .settings import Settings, own_name

if TYPE_CHECKING:
    from .aws_clients import AwsClients
    from .services import Services


class Container:
    """The state that a warm Lambda container keeps for one app: the services and the time limits. The services are made
    at first use.

    `environ` contains the stage's settings. The default is the process's own environment. Tests assign other services
    to `services`.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = environ
        self._settings: Settings | None = None
        self._services: Services | None = None
        self._budget = deadline.Budget()
        #: The app's own clients and tables, by name. In tests, `own` contains fakes (`testing.use`).
        self.own: dict[str, Any] = {}

    @property
    def settings(self) -> Settings:
        """The settings of the services. The first use reads the settings and may raise ConfigurationError."""
        if self._services is not None:
            return self._services.settings
        if self._settings is None:
            self._settings = Settings.from_env(self._environ)
        return self._settings

    @property
    def services(self) -> "Services":
        """The services. The first use reads the settings and may raise ConfigurationError."""
        if self._services is None:
            from .services import Services

            self._services = Services(self.settings, budget=self._budget)
        return self._services

    @services.setter
    def services(self, given: "Services | None") -> None:
        """Replace the services. If `given` is None, the next use reads the settings again and makes new services."""
        self._settings = None
        self._services = given
        self._budget = deadline.Budget() if given is None else given.budget

    def own_client(self, service: str) -> Any:
        """Return a client for the app's own code. The first call for a service makes the client."""
        return self._own_kept(service, lambda clients: clients.own(service))

    def own_table(self, name: str) -> Any:
        """Return boto3's Table object for one of the app's own tables. Raises ConfigurationError."""

        def make(clients: "AwsClients") -> Any:
            table = own_name(name, "TABLE", self._environ)
            return self._own_kept("tables", lambda _: clients.own_tables()).Table(table)

        return self._own_kept(f"table {name}", make)

    def _own_kept(self, key: str, make: "Callable[[AwsClients], Any]") -> Any:
        if key not in self.own:
            from .aws_clients import AwsClients

            clients = self.own.get("clients")
            if clients is None:
                clients = AwsClients(self.settings.region, self._budget)
                self.own["clients"] = clients
            self.own[key] = make(clients)
        return self.own[key]

    def begin_job(self, seconds: float) -> None:
        """Start a time budget of `seconds` for an invocation of one of the app's own functions."""
        self._budget.begin_job(seconds)

    def begin_request(self) -> None:
        """Start the time budget of an invocation that answers a request."""
        self._budget.begin_request()

    def begin_trigger(self) -> None:
        """Start the time budget of an invocation by a Cognito trigger."""
        self._budget.begin_trigger()
