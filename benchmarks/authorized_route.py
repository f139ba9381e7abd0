"""What an authorized route costs a cold container: import of the app and one call, beside a bare Chalice app.

Whole processes in turn (A B A B …), so that a machine whose speed drifts is fair to both; CPU time of the process from
the first line of the subject on; medians.
"""

import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TARGET = 1.5
ROOT = Path(__file__).resolve().parents[1]

_CALL = """
import json, sys, time
event = json.loads(sys.argv[1])
class Context: aws_request_id = "bench"
start = time.process_time()
{import_line}
answer = app(event, Context())
cold = time.process_time() - start
assert answer["statusCode"] == 200, answer
start = time.process_time()
for _ in range(200): app(event, Context())
print(cold, (time.process_time() - start) / 200)
"""

_BARE = """
from chalice import Chalice, CognitoUserPoolAuthorizer
app = Chalice(app_name="bare")
guard = CognitoUserPoolAuthorizer(
    "pool",
    provider_arns=["arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_x"],
    scopes=["api/read"],
)
@app.route("/whoami", authorizer=guard)
def whoami():
    claims = app.current_request.context["authorizer"]["claims"]
    return {"sub": claims["sub"], "username": claims["username"]}
"""

_ENVIRONMENT = {
    "STAGE": "bench",
    "AWS_REGION": "eu-west-1",
    "USER_POOL_ID": "eu-west-1_x",
    "CLIENT_ID": "client",
    "COGNITO_URL": "https://auth.example.com",
    "CLIENT_SECRET_ARN": "arn:client",
    "SEALING_KEYS_SECRET_ARN": "arn:keys",
    "USERS_TABLE": "users",
    "PROVIDERS_TABLE": "providers",
}

_EVENT = """{
  "headers": {}, "multiValueHeaders": {}, "pathParameters": null, "body": null, "stageVariables": null,
  "multiValueQueryStringParameters": null, "path": "/whoami",
  "requestContext": {
    "resourcePath": "/whoami", "httpMethod": "GET", "path": "/api/whoami", "domainName": "api.example.com",
    "authorizer": {"claims": {
      "sub": "s", "username": "u", "token_use": "access", "client_id": "client", "scope": "openid api/read"
    }}
  }
}"""


@dataclass(frozen=True)
class Report:
    """Medians in milliseconds (cold) and microseconds (warm)."""

    cold_ms: float
    bare_cold_ms: float
    warm_us: float
    bare_warm_us: float

    @property
    def ratio(self) -> float:
        return self.cold_ms / self.bare_cold_ms

    def met(self) -> bool:
        """Whether the cold target holds."""
        return self.ratio <= TARGET

    def text(self) -> str:
        """The figures as lines of a table."""
        return "\n".join(
            [
                "authorized route (CPU time)     Gatehouse   bare Chalice   ratio",
                f"  cold: import + first call   {self.cold_ms:8.1f} ms  {self.bare_cold_ms:8.1f} ms"
                f"   {self.ratio:5.2f}   (target <= {TARGET})",
                f"  warm call                   {self.warm_us:8.1f} us  {self.bare_warm_us:8.1f} us"
                f"   {self.warm_us / self.bare_warm_us:5.2f}",
            ]
        )


def run(runs: int) -> Report:
    """Time both subjects in turn, `runs` processes each, after one uncounted pair."""
    subjects = {"gatehouse": _CALL.format(import_line="from app import app")}
    subjects["bare"] = _CALL.format(import_line=_BARE)
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    for round_number in range(runs + 1):
        for name, code in subjects.items():
            sample = _time(code)
            if round_number:
                samples[name].append(sample)
    cold = {n: statistics.median(s[0] for s in samples[n]) * 1e3 for n in subjects}
    warm = {n: statistics.median(s[1] for s in samples[n]) * 1e6 for n in subjects}
    return Report(cold["gatehouse"], cold["bare"], warm["gatehouse"], warm["bare"])


def _time(code: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", code, _EVENT],
        cwd=ROOT,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    cold, warm = done.stdout.split()[-2:]
    return float(cold), float(warm)
