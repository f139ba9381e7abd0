"""AWS Lambda Powertools' event handler with one route. Its logger and tracer, which would make it slower, are not used."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

app = APIGatewayRestResolver()


@app.get("/whoami")
def whoami():
    claims = app.current_event.request_context.authorizer.claims
    return {"sub": claims["sub"], "username": claims["username"]}


handler = app.resolve
