"""Makes botocore's session and connections without the work that a new container does not need.

botocore's own classes do the work. There are three differences: models come from `aws_models`, all clients share one
TLS context, and the modules that write documentation are not loaded. If a version of botocore lacks one of the names
that this module replaces, botocore works as usual.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session


def new_session(cut: bool = True) -> "Session":
    """Return a session. `boto3.client` would make the same clients, but would also import S3's transfer manager.

    With `cut`, the session's clients have only the operations that Gatehouse calls.
    """
    with _without_documentation():
        from botocore.session import get_session

    from .aws_models import CutModels

    session = get_session()
    if cut:
        session.register_component("data_loader", CutModels())
    return session


def new_tables(session: "Session", region: str, config: "Config") -> Any:
    """Return boto3's `dynamodb` resource. boto3 slows a cold start, so only a team's own tables load it."""
    import boto3.session

    own = boto3.session.Session(botocore_session=session)
    return own.resource("dynamodb", region_name=region, config=config)


def share_connections(session: "Session", client: Any, config: "Config") -> None:
    """Send a client's requests over connections that do not read the CA bundle again."""
    if session.get_config_variable("ca_bundle") or client.meta.endpoint_url.startswith("http:"):
        return  # AWS_CA_BUNDLE names certificate authorities that only this client should trust
    from botocore.httpsession import URLLib3Session
    from urllib3.connection import HTTPConnection

    from .tls import shared_context

    class Connections(URLLib3Session):  # type: ignore[misc]  # botocore has no types
        def _get_ssl_context(self) -> Any:
            return shared_context()

        def _setup_ssl_cert(self, conn: Any, url: str, verify: Any) -> None:
            conn.cert_reqs = "CERT_REQUIRED"
            conn.ca_certs = None  # the shared context already has the certificates

    connections = Connections(
        timeout=(config.connect_timeout, config.read_timeout),
        socket_options=HTTPConnection.default_socket_options,  # send at once, without waiting for more data
    )
    client.meta.events.register("before-send", lambda request, **_: connections.send(request))
    client.close = connections.close


class _NoText(str):
    """An empty replacement for a method's documentation."""

    def __new__(cls, *_: Any, **__: Any) -> "_NoText":
        return super().__new__(cls)


@contextmanager
def _without_documentation() -> Iterator[None]:
    """Keep `botocore.docs` from loading its renderer while botocore loads; its small modules load as usual.

    botocore imports the renderer for the docstrings of clients, which are not used here. A later import, such as
    boto3's, gets the real module.
    """
    if "botocore.docs" in sys.modules:
        yield
        return
    import botocore

    docs = ModuleType("botocore.docs")
    docs.__path__ = [f"{botocore.__path__[0]}/docs"]
    docstring = ModuleType("botocore.docs.docstring")
    docstring.__getattr__ = lambda _: _NoText  # type: ignore[method-assign]
    sys.modules |= {docs.__name__: docs, docstring.__name__: docstring}
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith(docs.__name__)]:
            del sys.modules[name]
