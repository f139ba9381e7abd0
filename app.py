"""The Chalice app: blueprints, Lambda functions, middleware. Everything else is in chalicelib/."""

import sys
from typing import Any

from chalicelib.gatehouse import cold_start  # noqa: F401 - first, for its effect
from chalicelib.gatehouse.routes import auth, direct, me, mfa, pages, session, users, whoami
from chalicelib.gatehouse.routes.public import PUBLIC_ROUTES
from chalicelib.gatehouse.web import middleware

app = middleware.GuardedChalice(app_name="gatehouse")

if "chalice.cli" in sys.modules:  # Chalice is about to package this: exactly what is locked
    from ops import exact_package

    exact_package.install()

for blueprint in (pages, auth, session, direct, mfa, me, users, whoami):
    app.register_blueprint(blueprint.routes)


@app.lambda_function(name="user_records")
def user_records(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Cognito's sign-up and sign-in triggers: people go to the users table."""
    from chalicelib.gatehouse.triggers import entry

    return entry.user_records(event, context)


@app.lambda_function(name="token_claims")
def token_claims(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Cognito's pre-token-generation trigger: the same scopes through both doors."""
    from chalicelib.gatehouse.triggers import entry

    return entry.token_claims(event, context)


@app.lambda_function(name="account_mail")
def account_mail(event: dict[str, Any], context: Any) -> None:
    """Codes by mail for sign-up and forgotten passwords, out of the way of the answer (S-73)."""
    from chalicelib.gatehouse.triggers import entry

    entry.account_mail(event, context)


middleware.install(app, PUBLIC_ROUTES)
