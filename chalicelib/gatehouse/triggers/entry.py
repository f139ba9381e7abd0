"""The Lambda entry points that API Gateway does not call: Cognito's triggers, the function that sends codes by mail,
and the function that reads the queue of signals.

This module passes the container's services to the triggers and functions, and converts errors for Cognito or Lambda.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..container import Container
from ..errors import (
    OUTAGE_MARKER,
    REFUSAL_MARKER,
    GatehouseError,
    NotFound,
    SignUpRefused,
    TemporarilyUnavailable,
)
from ..log import bind_request_id, log_event, log_exception

if TYPE_CHECKING:
    from ..services import Services
    from ..store.proofs import ProofStore

Event = dict[str, Any]

_MESSAGE = "Sign-in and sign-up are not possible at the moment. Please try again."


class TriggerFailed(Exception):
    """The error that Cognito shows to a person when a trigger fails. The error's message contains no details."""


def user_records(container: Container, event: Event, context: Any, asks_for_age: bool) -> Event:
    """Handle one event of the `user_records` function. Raises TriggerFailed.

    Besides the user-pool events, the function handles the InboundFederation event, which contains the provider's data.
    Because one function handles all three events of a sign-in, a sign-in has only one cold start. `asks_for_age` is
    true if a route has a `max_age`.
    """
    if str(event.get("triggerSource")).startswith("InboundFederation_"):
        return _inbound_federation(container, event, context, asks_for_age)
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
            lambda: current.subjects if current.settings.subjects_table else None,
            lambda: current.passkey_notes if current.settings.passkeys else None,
        ),
    )


def token_claims(container: Container, event: Event, context: Any, asks_for_age: bool) -> Event:
    """Handle one event of the `token_claims` function. Raises TriggerFailed. `asks_for_age` is true if a route has a
    `max_age`."""
    from .token_claims import handle

    return _run(
        container,
        event,
        context,
        lambda current: handle(
            event, current.settings, lambda: current.providers, _proofs(current, asks_for_age)
        ),
    )


def account_mail(container: Container, event: Any, context: Any) -> None:
    """Handle one request of the `account_mail` function. Raises TriggerFailed, so that Lambda calls the function again.

    An event that no release of Gatehouse sends is logged and dropped, because a second try would fail, too.
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
    except Exception as error:  # noqa: BLE001 - Lambda would log the error's message (S-61)
        log_exception("account_mail_failed", error)
        raise TriggerFailed(_MESSAGE) from None


def leaving(container: Container, event: Any, context: Any) -> dict[str, Any]:
    """Handle a batch of messages from SQS: a provider's signals about its people. Return the messages that SQS must
    deliver again.

    Two kinds of messages are logged, and are not delivered again: messages about a person who was deleted in the
    meantime, and messages that no release of Gatehouse sends. Source: AWS Lambda developer guide, "Implementing partial
    batch responses".
    """
    from ..signals import Signal

    bind_request_id(getattr(context, "aws_request_id", "-"))
    container.begin_request()
    again: list[dict[str, str]] = []
    heard: set[str] = set()
    for record in event["Records"]:
        try:
            signal = Signal.parse(record["body"])
            container.services.leaving.act(signal)
            heard.add(signal.provider)
        except ValueError as error:
            log_event("leaving_malformed", level="error", detail=str(error)[:64])
        except NotFound as error:
            log_event("leaving_unknown", level="warning", detail=error.detail)
        except GatehouseError as error:
            log_event("leaving_failed", level="error", code=error.code, detail=error.detail)
            again.append({"itemIdentifier": record["messageId"]})
        except Exception as error:  # noqa: BLE001 - the rest of the batch must not wait for this message
            log_exception("leaving_failed", error)
            again.append({"itemIdentifier": record["messageId"]})
    for provider in heard:
        with suppress(TemporarilyUnavailable):
            container.services.leaving.note_heard(provider)
    return {"batchItemFailures": again}


def _proofs(current: "Services", asks_for_age: bool) -> "Callable[[], ProofStore] | None":
    """Return the function that loads the times of authentications, or None if no route has a `max_age`."""
    return (lambda: current.proofs) if asks_for_age else None


def _inbound_federation(
    container: Container, event: Event, context: Any, asks_for_age: bool
) -> Event:
    from .inbound_federation import handle

    return _run(
        container,
        event,
        context,
        lambda current: handle(
            event,
            current.settings,
            current.providers,
            lambda: current.federated_profiles,
            _proofs(current, asks_for_age),
        ),
    )


def _run(
    container: Container, event: Event, context: Any, handle: "Callable[[Services], Event]"
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
