"""A whole sign-in with Flask and flask-cognito-lib. As in our app, secrets come from Secrets Manager, and the sign-in
writes the person to DynamoDB."""

import json
import os

import boto3
from apig_wsgi import make_lambda_handler
from flask import Flask, redirect, session
from flask_cognito_lib import CognitoAuth
from flask_cognito_lib.config import Config
from flask_cognito_lib.decorators import cognito_login, cognito_login_callback

secrets = boto3.client("secretsmanager")
dynamodb = boto3.client("dynamodb")


def read_secret(name):
    return json.loads(secrets.get_secret_value(SecretId=os.environ[name])["SecretString"])


# This line replaces the address of the keys, because the benchmark's keys are on loopback and the library has no
# setting for the address.
Config.jwk_endpoint = property(lambda _: os.environ["JWKS_URL"])

app = Flask(__name__)
app.config.update(
    SECRET_KEY=read_secret("SEALING_KEYS_SECRET_ARN")["k1"],
    AWS_REGION=os.environ["AWS_REGION"],
    AWS_COGNITO_USER_POOL_ID=os.environ["USER_POOL_ID"],
    AWS_COGNITO_DOMAIN=os.environ["COGNITO_URL"],
    AWS_COGNITO_USER_POOL_CLIENT_ID=os.environ["CLIENT_ID"],
    AWS_COGNITO_USER_POOL_CLIENT_SECRET=read_secret("CLIENT_SECRET_ARN")["client_secret"],
    AWS_COGNITO_REDIRECT_URL=f"{os.environ['PUBLIC_URL']}/auth/callback",
    AWS_COGNITO_LOGOUT_URL=f"{os.environ['PUBLIC_URL']}/",
    AWS_COGNITO_REFRESH_FLOW_ENABLED=True,
    AWS_COGNITO_COOKIE_SAMESITE="Lax",
)
auth = CognitoAuth(app)


@app.get("/auth/login")
@cognito_login
def login():
    """Redirect to Cognito."""


@app.get("/auth/callback")
@cognito_login_callback
def callback():
    person = session["user_info"]
    item = {
        "userName": person["cognito:username"],
        "ClientId": person["aud"],
        "Email": person["email"],
        "given_name": person["given_name"],
        "family_name": person["family_name"],
    }
    dynamodb.put_item(
        TableName=os.environ["USERS_TABLE"],
        Item={name: {"S": value} for name, value in item.items()},
    )
    return redirect("/", 303)


handler = make_lambda_handler(app)
