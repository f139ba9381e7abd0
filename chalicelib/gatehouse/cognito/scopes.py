"""The scopes of a sign-in, the same through both doors."""

#: What a hosted sign-in asks for. Sent always: without `scope` Cognito grants everything the client may have (S-05).
SCOPES = ("openid", "email", "profile", "api/read", "api/write")

#: The scope of Cognito's own user API. In page memory it would let a script change the profile.
USER_ADMIN_SCOPE = "aws.cognito.signin.user.admin"
