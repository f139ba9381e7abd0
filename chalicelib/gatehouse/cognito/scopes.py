"""The scopes of a sign-in. Hosted and direct sign-ins have the same scopes."""

#: The scopes of a hosted sign-in. The parameter `scope` is always sent, because without `scope` Cognito would grant
#: every scope of the app client (S-05).
SCOPES = ("openid", "email", "profile", "api/read", "api/write")

#: The scope of Cognito's own user API. A token with this scope must not reach the page, because a script could then use
#: the token to change the person's profile.
USER_ADMIN_SCOPE = "aws.cognito.signin.user.admin"
