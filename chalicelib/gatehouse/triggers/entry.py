"""Lambda's entry points without API Gateway: Cognito's triggers, and the function that mails codes.

It gives them their container's services, and converts errors for Cognito or Lambda.
"""

from collections.abc import Callable
from typing import Any

from ..errors import (
    OUTAGE_MARKER,
    REFUSAL_MARKER,
    GatehouseError,
    SignUpRefused,
    TemporarilyUnavailable,
)
from ..log import bind_request_id, log_event, log_exception
from ..services import Container, Services

Event = dict[str, Any]

_MESSAGE = "This is not possible at the moment. Please try again."


class TriggerFailed(Exception):
    """The error that Cognito shows to a person when a trigger fails; its text contains no details."""


def user_records(container: Container, event: Event, context: Any) -> Event:
    """Handle one event of the `user_records` function. Raises TriggerFailed.

    It also handles the provider's data: with one function, a sign-in with three of these events has one cold start.
    """
    if str(event.get("triggerSource")).startswith("InboundFederation_"):
        return _inbound_federation(container, event, context)
    from .user_records import handle

    return _run(
        container,
        event,
        context,
        lambda current: handle(
            event,
            current.settings,
            current.users,
            current.providers,
            lambda: current.linker,
            lambda renew: current.client_secret(renew),
        ),
    )


def token_claims(container: Container, event: Event, context: Any) -> Event:
    """Handle one event of the `token_claims` function. Raises TriggerFailed."""
    from .token_claims import handle

    return _run(
        container,
        event,
        context,
        lambda current: handle(event, current.settings, lambda: current.providers),
    )


def account_mail(container: Container, event: Any, context: Any) -> None:
    """Handle one request of the `account_mail` function. Raises TriggerFailed, so that Lambda calls again.

    An event that none of our releases sends is logged and dropped: repeating it would not help.
    """
    from ..mail_requests import MailRequest

    bind_request_id(getattr(context, "aws_request_id", "-"))
    container.begin_request()
    try:
        container.services.account_mail.send(MailRequest.parse(event))
    except ValueError as error:
        log_event("account_mail_refused", level="error", detail=str(error))
    except GatehouseError as error:
        log_event("account_mail_failed", level="error", code=error.code, detail=error.detail)
        raise TriggerFailed(_MESSAGE) from None
    except Exception as error:  # noqa: BLE001 - Lambda keeps what is raised in its own log
        log_exception("account_mail_failed", error)
        raise TriggerFailed(_MESSAGE) from None


def _inbound_federation(container: Container, event: Event, context: Any) -> Event:
    from .inbound_federation import handle

    return _run(
        container,
        event,
        context,
        lambda current: handle(
            event, current.settings, current.providers, lambda: current.federated_profiles
        ),
    )


def _run(
    container: Container, event: Event, context: Any, handle: Callable[[Services], Event]
) -> Event:
    bind_request_id(getattr(context, "aws_request_id", "-"))
    container.begin_trigger()
    source = str(event.get("triggerSource"))[:64]
    try:
        return handle(container.services)
    except SignUpRefused as error:
        log_event("sign_up_refused", source=source, detail=error.detail)
        raise TriggerFailed(f"{REFUSAL_MARKER}: {error.message}") from None
    except GatehouseError as error:
        log_event(
            "trigger_failed", level="error", source=source, code=error.code, detail=error.detail
        )
        outage = isinstance(error, TemporarilyUnavailable)
        raise TriggerFailed(f"{OUTAGE_MARKER}: {_MESSAGE}" if outage else _MESSAGE) from None
    except Exception as error:  # noqa: BLE001 - Cognito shows a raised message to people
        log_exception("trigger_failed", error, source=source)
        raise TriggerFailed(_MESSAGE) from None
