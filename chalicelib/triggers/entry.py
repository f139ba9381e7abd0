"""Where Lambda calls the triggers: binds them to this container's services and decides how faults look to Cognito."""

from typing import Any

from chalicelib import services
from chalicelib.errors import GatehouseError
from chalicelib.log import bind_request_id, log_event, log_exception
from chalicelib.triggers import user_records as user_records_trigger


class TriggerFailed(Exception):
    """What Cognito shows to a person when a trigger fails; its text holds nothing of the fault."""


def user_records(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle one event of the `user_records` function. Raises TriggerFailed."""
    bind_request_id(getattr(context, "aws_request_id", "-"))
    source = str(event.get("triggerSource"))[:64]
    try:
        current = services.current()
        return user_records_trigger.handle(event, current.settings, current.users)
    except GatehouseError as error:
        log_event(
            "trigger_failed", level="error", source=source, code=error.code, detail=error.detail
        )
        raise TriggerFailed("Sign-up is not possible at the moment. Please try again.") from None
    except Exception as error:  # noqa: BLE001 - Cognito shows a raised message to people
        log_exception("trigger_failed", error, source=source)
        raise TriggerFailed("Sign-up is not possible at the moment. Please try again.") from None
