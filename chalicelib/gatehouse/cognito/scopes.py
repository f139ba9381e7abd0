"""The scopes of a sign-in; they are the same for hosted and direct sign-ins."""

#: The scopes that a hosted sign-in requests. They are always sent: without `scope` Cognito grants everything that the
#: client may have (S-05).
SCOPES = ("openid", "email", "profile", "api/read", "api/write")

#: The scope of Cognito's own user API. In page memory this scope would let a script change the profile.
USER_ADMIN_SCOPE = "aws.cognito.signin.user.admin"
