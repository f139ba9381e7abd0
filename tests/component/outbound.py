"""Functions that record every outbound call of a component test. The fault table must list each call."""

import functools
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.gatehouse import workers
from chalicelib.gatehouse.services import Services
from chalicelib.gatehouse.triggers import entry
from tests.doubles import browser
from tests.doubles.browser import Browser
from tests.doubles.outbound import Outbound, RecordedAws, RecordedHttp
from tests.faults.elsewhere import ELSEWHERE
from tests.faults.table import CALLS

LISTED = {(call.route, call.name) for call in (*CALLS, *ELSEWHERE)}


def record(monkeypatch: pytest.MonkeyPatch) -> Outbound:
    """Start to record. Every container that is created later has its outbound calls recorded, by route and trigger."""
    outbound = Outbound()
    send, run, init = Browser.send, entry._run, Services.__init__
    mail, leave = entry.account_mail, entry.leaving

    def sent(self: Browser, method: str, target: str, *more: Any, **named: Any) -> Any:
        path = urlsplit(target.removeprefix(self.root.rstrip("/"))).path
        resource, _ = browser._match(self._app.routes, path)
        resource = resource.removeprefix(self.prefix) or "/"
        method_asked = "GET" if method == "HEAD" else method  # HEAD requests use the view of GET.
        with outbound.at(f"{method_asked} {resource}"):
            return send(self, method, target, *more, **named)

    def ran(container: Any, event: Any, *more: Any) -> Any:
        source = str(event.get("triggerSource"))
        if source.startswith("TokenGeneration_"):
            source = "TokenGeneration"
        with outbound.at(f"trigger {source}"):
            return run(container, event, *more)

    def mailed(*event: Any) -> None:
        with outbound.at("function account_mail"):
            mail(*event)

    def left(*event: Any) -> dict[str, Any]:
        with outbound.at("function leaving"):
            return leave(*event)

    def made(
        self: Services, settings: Any, *, aws: Any = None, http: Any = None, **more: Any
    ) -> None:
        init(
            self,
            settings,
            aws=aws and (lambda service: RecordedAws(aws(service), outbound)),
            http=http and RecordedHttp(http, outbound),  # type: ignore[arg-type]  # HttpClient's two methods
            **more,
        )

    together = workers.together

    def carried(*calls: Any) -> Any:
        """Run calls in parallel threads. Record the outbound calls of the threads under the route that started them."""
        place = outbound.place
        return together(*(functools.partial(outbound.run_at, place, call) for call in calls))

    monkeypatch.setattr(workers, "together", carried)
    monkeypatch.setattr(Browser, "send", sent)
    monkeypatch.setattr(entry, "_run", ran)
    monkeypatch.setattr(entry, "account_mail", mailed)
    monkeypatch.setattr(entry, "leaving", left)
    monkeypatch.setattr(Services, "__init__", made)
    return outbound
