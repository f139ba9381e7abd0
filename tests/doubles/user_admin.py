"""The administrators' part of Cognito's user-pool API, over the same families of refresh tokens as the OAuth double."""

from typing import Any

from tests.doubles.aws_errors import client_error
from tests.doubles.cognito import CognitoDouble


class UserAdminDouble:
    """`fault` is raised instead of an answer, once set. `calls` lists the names that were signed out."""

    def __init__(self, cognito: CognitoDouble, user_pool_id: str) -> None:
        self._cognito = cognito
        self._user_pool_id = user_pool_id
        self.fault: Exception | None = None
        self.calls: list[str] = []

    def admin_user_global_sign_out(self, **arguments: Any) -> dict[str, Any]:
        """Revoke all families of a person; names nobody has are an error."""
        if self.fault is not None:
            raise self.fault
        assert set(arguments) == {"UserPoolId", "Username"}
        assert arguments["UserPoolId"] == self._user_pool_id
        families = [entry.family for entry in self._cognito._refresh.values()]
        theirs = [f for f in families if f.person.username == arguments["Username"]]
        if not theirs:
            raise client_error("UserNotFoundException", "AdminUserGlobalSignOut")
        for family in theirs:
            family.revoked = True
        self.calls.append(arguments["Username"])
        return {}
