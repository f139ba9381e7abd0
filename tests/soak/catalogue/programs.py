"""Catalogue entries: the public client for programs, and the example program (ADR 9)."""

from tests.soak.defence import Defence, defence, nothing, reading, value

_EXAMPLE = "examples.program.program"
_TESTS = ("tests/unit/test_program.py",)

PROGRAMS: tuple[Defence, ...] = (
    defence(
        "no-client-of-programs-by-default",
        "S-49",
        "every stage's routes accept tokens of a public client",
        (
            "chalicelib.gatehouse.settings:Settings.client_ids",
            value(property(lambda settings: (settings.client_id, "3example456789ab"))),
        ),
        tests=("tests/component/test_programs.py",),
    ),
    defence(
        "no-sign-up-through-the-public-client",
        "S-67",
        "with the public client's id, anybody can choose a password before proving the mailbox",
        (
            "chalicelib.gatehouse.triggers.user_records:handle",
            reading(("profile.client_id == settings.program_client_id", "False")),
        ),
        tests=("tests/component/test_programs.py",),
    ),
    defence(
        "ports-that-are-named",
        "S-64",
        "a stage without loopback_ports has a redirect URI on a port",
        (
            "ops.stages:Stage.loopback_urls",
            value(property(lambda stage: ["http://127.0.0.1:53682/callback"])),
        ),
        tests=("tests/unit/ops/test_programs.py",),
    ),
    defence(
        "variables-of-a-client-that-is-gone",
        "S-64",
        "routes still accept tokens of a client that the stage no longer has",
        ("ops.identity_stack:_PASSING", value(())),
        tests=("tests/unit/ops/test_programs.py",),
    ),
    defence(
        "a-programs-state",
        "S-09",
        "any page that calls the port can end the sign-in or insert its own code",
        (
            f"{_EXAMPLE}:_Handler.do_GET",
            reading(("parts.path != self.server.path or not", "False and not")),
        ),
        tests=_TESTS,
    ),
    defence(
        "a-programs-nonce",
        "S-23",
        "with a code of another sign-in, the program works in another person's account",
        (f"{_EXAMPLE}:Program._verify_id_token", nothing),
        tests=_TESTS,
    ),
    defence(
        "a-program-follows-nobody",
        "S-14",
        "a redirect sends the code and the refresh token to another server",
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
        "the access token is sent to any address that a path leads to",
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
