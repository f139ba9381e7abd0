"""FastAPI behind Mangum with one route, which is async so that no thread is started for it."""

from fastapi import FastAPI, Request
from mangum import Mangum

app = FastAPI()


@app.get("/whoami")
async def whoami(request: Request) -> dict[str, str]:
    claims = request.scope["aws.event"]["requestContext"]["authorizer"]["claims"]
    return {"sub": claims["sub"], "username": claims["username"]}


handler = Mangum(app, lifespan="off")
