"""The public client for programs, and the example program (ADR 9)."""

from tests.soak.defence import Defence, defence, nothing, reading, value

_EXAMPLE = "examples.program.program"
_TESTS = ("tests/unit/test_program.py",)

PROGRAMS: tuple[Defence, ...] = (
    defence(
        "no-client-of-programs-by-default",
        "S-49",
        "tokens of a public client open routes on every stage",
        (
            "chalicelib.gatehouse.settings:Settings.client_ids",
            value(property(lambda settings: (settings.client_id, "3example456789ab"))),
        ),
        tests=("tests/component/test_programs.py",),
    ),
    defence(
        "no-sign-up-through-the-public-client",
        "S-67",
        "whoever knows the public client's id chooses a password before the mailbox is proved",
        (
            "chalicelib.gatehouse.triggers.user_records:handle",
            reading(("profile.client_id == settings.program_client_id", "False")),
        ),
        tests=("tests/component/test_programs.py",),
    ),
    defence(
        "ports-that-are-named",
        "S-64",
        "a stage that names no port leads to one all the same",
        (
            "ops.stages:Stage.loopback_urls",
            value(property(lambda stage: ["http://127.0.0.1:53682/callback"])),
        ),
        tests=("tests/unit/ops/test_programs.py",),
    ),
    defence(
        "variables-of-a-client-that-is-gone",
        "S-64",
        "the id of a client that the stage has no more goes on opening routes",
        ("ops.identity_stack:_PASSING", value(())),
        tests=("tests/unit/ops/test_programs.py",),
    ),
    defence(
        "a-programs-state",
        "S-09",
        "any page that calls the port ends the sign-in, or brings its own code",
        (
            f"{_EXAMPLE}:_Handler.do_GET",
            reading(("parts.path != self.server.path or not", "False and not")),
        ),
        tests=_TESTS,
    ),
    defence(
        "a-programs-nonce",
        "S-23",
        "a code of another sign-in makes the program somebody else's",
        (f"{_EXAMPLE}:Program._verify_id_token", nothing),
        tests=_TESTS,
    ),
    defence(
        "a-program-follows-nobody",
        "S-14",
        "a redirect carries code and refresh token to whom it names",
        (
            f"{_EXAMPLE}:_NoRedirects.redirect_request",
            lambda original: (
                __import__("urllib.request").request.HTTPRedirectHandler.redirect_request
            ),
        ),
        tests=_TESTS,
    ),
    defence(
        "a-programs-token-stays-at-its-api",
        "S-61",
        "the access token goes to whatever address a path turns out to be",
        (f"{_EXAMPLE}:Program.call", reading(("not url.startswith(self._root)", "False"))),
        tests=_TESTS,
    ),
    defence(
        "a-program-listens-on-loopback",
        "S-64",
        "the listener is open to the network",
        (
            f"{_EXAMPLE}:_listen",
            reading(('urlsplit(redirect_uri).hostname != "127.0.0.1"', "False")),
        ),
        tests=_TESTS,
    ),
)
