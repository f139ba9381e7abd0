"""Makes botocore's session and connections, and skips work that a new container does not need.

The classes are botocore's own, with three differences. Models come from `aws_models`. All clients share one TLS context.
The modules that write documentation are not loaded. If a botocore version lacks a name that this module replaces,
botocore works as usual.
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
    """Return a session that makes the same clients as `boto3.client`, without importing S3's transfer manager.

    If `cut` is true, the session's clients have only the operations that Gatehouse calls.
    """
    with _without_documentation():
        from botocore.session import get_session

    from .aws_models import CutModels

    session = get_session()
    if cut:
        session.register_component("data_loader", CutModels())
    return session


def new_tables(session: "Session", region: str, config: "Config") -> Any:
    """Return boto3's `dynamodb` resource. boto3 slows a cold start, so boto3 is loaded only for a team's own tables."""
    import boto3.session

    own = boto3.session.Session(botocore_session=session)
    return own.resource("dynamodb", region_name=region, config=config)


def share_connections(session: "Session", client: Any, config: "Config") -> None:
    """Make the client use connections that do not read the CA bundle again."""
    if session.get_config_variable("ca_bundle") or client.meta.endpoint_url.startswith("http:"):
        return  # other clients share the TLS context, and should not trust the authorities in AWS_CA_BUNDLE
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
    """Replace the renderer of `botocore.docs` with an empty one while botocore loads. The small modules of
    `botocore.docs` load as usual.

    botocore imports the renderer to write the docstrings of clients. Gatehouse does not use these docstrings. A later
    import, for example by boto3, gets the real renderer.
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
