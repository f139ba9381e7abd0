"""A Flask app with flask-cognito-lib behind API Gateway. The app has one route. The gateway has already verified the
token, so the route does not verify the token again."""

import os

from apig_wsgi import make_lambda_handler
from flask import Flask, request
from flask_cognito_lib import CognitoAuth

app = Flask(__name__)
app.config.update(
    SECRET_KEY="benchmark",
    AWS_REGION=os.environ["AWS_REGION"],
    AWS_COGNITO_USER_POOL_ID=os.environ["USER_POOL_ID"],
    AWS_COGNITO_DOMAIN=os.environ["COGNITO_URL"],
    AWS_COGNITO_USER_POOL_CLIENT_ID=os.environ["CLIENT_ID"],
    AWS_COGNITO_REDIRECT_URL="https://api.example.com/api/auth/callback",
    AWS_COGNITO_LOGOUT_URL="https://api.example.com/api/",
)
auth = CognitoAuth(app)


@app.get("/whoami")
def whoami():
    claims = request.environ["apig_wsgi.request_context"]["authorizer"]["claims"]
    return {"sub": claims["sub"], "username": claims["username"]}


handler = make_lambda_handler(app)
