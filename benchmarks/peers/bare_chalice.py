"""A Chalice app without Gatehouse: one route behind the Cognito authorizer."""

from chalice import Chalice, CognitoUserPoolAuthorizer

app = Chalice(app_name="bare")
guard = CognitoUserPoolAuthorizer(
    "pool",
    provider_arns=["arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_x"],
    scopes=["api/read"],
)


@app.route("/whoami", authorizer=guard)
def whoami():
    claims = app.current_request.context["authorizer"]["claims"]
    return {"sub": claims["sub"], "username": claims["username"]}
