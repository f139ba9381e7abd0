"""The package of patches, which fix differences between MiniStack and AWS at run time.

Each module is named after one feature of AWS, and changes how MiniStack implements this feature. A module replaces or
wraps functions of the running emulator. Its docstring cites the AWS documentation, and its tests are in
tests/local_aws. `SEEN_WITH` is the last version of MiniStack that needed the patch; `python -m tests.mends` tests each
patch again. docs/local-aws.md lists all patches, and the differences from AWS that have no patch.
"""

from __future__ import annotations

from . import (
    authentication_time,
    authorization_endpoint,
    authorizer_claims,
    authorizer_token,
    challenge_session,
    client_settings,
    federated_sign_in,
    federated_user,
    function_code,
    function_rights,
    identity_event,
    inbox,
    invitation,
    login_page,
    logout_endpoint,
    mail_destination,
    mailed_code,
    passkey,
    password_policy,
    path_parameters,
    pool_settings,
    proxy_failure,
    query_parameters,
    queue_rights,
    refresh_token_rotation,
    rest_api_import,
    revocation_endpoint,
    sign_up_page,
    software_token,
    token_endpoint,
    token_generation,
    user_attributes,
    user_lookup,
    user_schema,
)
from .emulator import Emulator

MENDS = (
    identity_event,
    token_generation,
    authentication_time,
    federated_user,
    invitation,
    software_token,
    federated_sign_in,
    authorization_endpoint,
    token_endpoint,
    refresh_token_rotation,
    revocation_endpoint,
    logout_endpoint,
    login_page,
    sign_up_page,
    rest_api_import,
    proxy_failure,
    path_parameters,
    authorizer_claims,
    user_lookup,
    user_attributes,
    function_rights,
    function_code,
    user_schema,
    password_policy,
    mail_destination,
    mailed_code,
    passkey,
    challenge_session,
    pool_settings,
    client_settings,
    query_parameters,
    authorizer_token,
    inbox,
    queue_rights,
)


def apply_all(emulator: Emulator, without: str = "") -> None:
    """Apply all patches except the patch `without`. Call this function before MiniStack's `main()`."""
    for mend in MENDS:
        if mend.__name__.rpartition(".")[2] != without:
            mend.apply(emulator)
