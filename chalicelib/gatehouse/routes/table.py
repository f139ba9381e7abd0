"""The table of Gatehouse's routes: path, view, and required rights.

The paths have no prefix. `Gatehouse(app, prefix=…)` mounts all paths below the prefix. The view `auth.login` is the
function `login` in the module `auth` of this folder. The first call of a view imports the view's module, so a container
loads only the modules that it uses.

Every cold start loads this table. `Route` is not a named tuple, because Python would have to generate and compile code
for a named tuple.
"""


class Route:
    """One method of one path. `scope` is the scope that an access token must have. A route without `scope` is
    public."""

    def __init__(
        self,
        method: str,
        path: str,
        view: str,
        scope: str | None = None,
        group: str | None = None,
        *,
        fresh: bool = False,
        is_form_of_others: bool = False,
        is_for_servers: bool = False,
        spends: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        #: `auth.login` is the function `login` of `auth.py`.
        self.view = view
        self.scope = scope
        self.group = group
        self.fresh = fresh
        #: Whether forms of other sites may post to the route. Such a route uses no cookies and stores no data. Its
        #: answer is always a redirect, and the browser follows the redirect with GET.
        self.is_form_of_others = is_form_of_others
        #: Whether other servers call the route. Other servers authenticate with their own signatures or tokens instead
        #: of our cookie.
        self.is_for_servers = is_for_servers
        #: Whether a GET request uses up a state, a code or an attempt. A HEAD request must not use up anything, so such
        #: a route does not accept HEAD.
        self.spends = spends


TABLE = (
    Route("GET", "/", "pages.page"),
    Route("GET", "/assets/{version}/{name}", "pages.asset"),
    Route("GET", "/health", "pages.health"),
    Route("GET", "/openapi.json", "pages.openapi"),
    Route("GET", "/auth/config", "configuration.config"),
    Route("POST", "/auth/discover", "auth.discover"),
    Route("GET", "/auth/login", "auth.login", spends=True),
    Route("POST", "/auth/login", "auth.login_by_form", is_form_of_others=True),
    Route("GET", "/auth/callback", "auth.callback", spends=True),
    Route("GET", "/auth/session", "session.look"),
    Route("POST", "/auth/refresh", "session.refresh"),
    Route("POST", "/auth/logout", "session.logout"),
    Route("POST", "/auth/direct/sign-in", "direct.sign_in"),
    Route("POST", "/auth/direct/challenge", "direct.challenge"),
    Route("POST", "/auth/direct/sign-up", "direct.sign_up"),
    Route("POST", "/auth/direct/confirm", "direct.confirm"),
    Route("POST", "/auth/direct/resend-code", "direct.resend_code"),
    Route("POST", "/auth/direct/forgot-password", "direct.forgot_password"),
    Route("POST", "/auth/direct/reset-password", "direct.reset_password"),
    Route("POST", "/auth/password", "password.change"),
    Route("POST", "/auth/mfa/setup", "mfa.setup"),
    Route("POST", "/auth/mfa/verify", "mfa.verify"),
    Route("POST", "/auth/mfa/disable", "mfa.disable"),
    Route("POST", "/auth/mfa/recovery-codes", "mfa.recovery_codes"),
    Route("POST", "/auth/direct/recovery-code", "mfa.recover"),
    Route("POST", "/auth/direct/passkey", "passkeys.ask"),
    Route("POST", "/auth/passkeys/open", "passkeys.open_list"),
    Route("POST", "/auth/passkeys/setup", "passkeys.setup"),
    Route("POST", "/auth/passkeys/verify", "passkeys.verify"),
    Route("POST", "/auth/passkeys/rename", "passkeys.rename"),
    Route("POST", "/auth/passkeys/remove", "passkeys.remove"),
    Route("POST", "/auth/passkeys/close", "passkeys.close"),
    Route("POST", "/auth/passkeys/offer", "passkeys.offer"),
    Route("GET", "/auth/events/{provider}", "leaving.verify_event_hook", spends=True),
    Route("POST", "/auth/events/{provider}", "leaving.take_events", is_for_servers=True),
    Route("POST", "/auth/revoke/{provider}", "leaving.revoke", is_for_servers=True),
    Route("GET", "/me", "me.show", "api/read"),
    Route("PATCH", "/me", "me.rename", "api/write"),
    Route("GET", "/me/second-factor", "me.second_factor", "api/read"),
    Route("GET", "/me/sessions", "sessions.own", "api/read"),
    Route("DELETE", "/me/sessions/{id}", "sessions.end_own", "api/write"),
    Route("POST", "/me/sessions/end-others", "sessions.end_others", "api/write"),
    Route("GET", "/users", "users.page", "api/read", "admins", fresh=True),
    Route(
        "POST", "/users/{userName}/sign-out", "users.sign_out", "api/write", "admins", fresh=True
    ),
    Route(
        "GET", "/users/{userName}/sessions", "sessions.of_person", "api/read", "admins", fresh=True
    ),
    Route(
        "DELETE",
        "/users/{userName}/sessions/{id}",
        "sessions.end_of_person",
        "api/write",
        "admins",
        fresh=True,
    ),
)

#: The paths on which a GET request uses up a state, a code or an attempt.
SPENDING = frozenset(route.path for route in TABLE if route.spends)
FORMS_OF_OTHERS = frozenset(
    (route.method, route.path) for route in TABLE if route.is_form_of_others
)
#: Routes that only the servers of other organizations call.
FOR_SERVERS = frozenset((route.method, route.path) for route in TABLE if route.is_for_servers)
#: Pairs of method and path: the routes that need no access token. If such a GET route accepts HEAD, HEAD has its own
#: pair.
PUBLIC_ROUTES = frozenset(
    (method, route.path)
    for route in TABLE
    if route.scope is None
    for method in ((route.method, "HEAD") if route.method == "GET" else (route.method,))
    if method != "HEAD" or not route.spends
)
