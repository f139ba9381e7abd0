"""A FastAPI app behind Mangum with one route. The route is async, so that FastAPI starts no thread for the route."""

from fastapi import FastAPI, Request
from mangum import Mangum

app = FastAPI()


@app.get("/whoami")
async def whoami(request: Request) -> dict[str, str]:
    claims = request.scope["aws.event"]["requestContext"]["authorizer"]["claims"]
    return {"sub": claims["sub"], "username": claims["username"]}


handler = Mangum(app, lifespan="off")
