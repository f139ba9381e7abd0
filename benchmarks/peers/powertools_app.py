"""An app with AWS Lambda Powertools' event handler and one route. The app does not use Powertools' logger and tracer,
because both would make the app slower."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

app = APIGatewayRestResolver()


@app.get("/whoami")
def whoami():
    claims = app.current_event.request_context.authorizer.claims
    return {"sub": claims["sub"], "username": claims["username"]}


handler = app.resolve
