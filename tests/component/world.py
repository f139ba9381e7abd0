"""The setup of the component tests: the real Chalice app on doubles of AWS, Cognito and time."""

from dataclasses import dataclass, field
from typing import Any

from app import app, gate
from chalicelib.gatehouse.services import Services
from chalicelib.gatehouse.settings import Settings
from tests.doubles.browser import Answer, Browser
from tests.doubles.clock import Clock
from tests.doubles.cognito import CognitoDouble, Person
from tests.doubles.dynamodb import DynamoDBDouble
from tests.doubles.functions import LambdaDouble
from tests.doubles.queue import QueueDouble
from tests.doubles.secrets import SecretsManagerDouble
from tests.doubles.user_pool_api import UserPoolDouble
from tests.doubles.user_pool_triggers import run_trigger

DOMAIN = "a1b2c3.execute-api.eu-west-1.amazonaws.com"
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/client"
MFA_SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/mfa-client"
KEYS_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:gatehouse/dev/sealing-keys"
CLIENT_SECRET = "canary-client-secret-0123456789abcdef"
MFA_CLIENT_ID = "2example3456789a"
MFA_CLIENT_SECRET = "canary-mfa-client-secret-0123456789"
SESSIONS_TABLE = "gatehouse-dev-sessions"
THROTTLE_TABLE = "gatehouse-dev-throttle"
SUBJECTS_TABLE = "gatehouse-dev-subjects"
SEALING_KEY = "canary-sealing-key-" + "k" * 45

ENVIRONMENT = {
    "APP_NAME": "gatehouse",
    "STAGE": "dev",
    "AWS_REGION": "eu-west-1",
    "USER_POOL_ID": "eu-west-1_TestPool1",
    "CLIENT_ID": "1example23456789",
    "COGNITO_URL": "https://acme-dev.auth.eu-west-1.amazoncognito.com",
    "CLIENT_SECRET_ARN": SECRET_ARN,
    "SEALING_KEYS_SECRET_ARN": KEYS_ARN,
    "USERS_TABLE": "gatehouse-dev-users",
    "PROVIDERS_TABLE": "gatehouse-dev-providers",
    "SESSIONS_TABLE": SESSIONS_TABLE,
}


@dataclass
class World:
    """The app, its services, and methods that change the services."""

    settings: Settings
    clock: Clock
    cognito: CognitoDouble
    dynamodb: DynamoDBDouble
    secrets: SecretsManagerDouble
    pool: UserPoolDouble
    functions: LambdaDouble
    queue: QueueDouble
    #: The durations of the app's pauses, in seconds. In tests, the app records each pause and does not wait.
    pauses: list[float] = field(default_factory=list)

    def restart(self, **settings: Any) -> None:
        """Start a new container with the changed `settings`."""
        self.settings = self.settings._replace(**settings)
        clients = {
            "dynamodb": self.dynamodb,
            "secretsmanager": self.secrets,
            "cognito-idp": self.pool,
            "lambda": self.functions,
            "sqs": self.queue,
        }
        gate.services = Services(
            self.settings,
            clock=self.clock,
            aws=clients.__getitem__,
            http=self.cognito,  # type: ignore[arg-type]  # the double offers HttpClient's two methods
            sleep=self.pauses.append,
        )

    def browser(self, **arguments: Any) -> Browser:
        """Open a new browser."""
        return Browser(app, self.clock, **arguments)

    def sign_in(
        self, browser: Browser, person: Person | None = None, query: str = "provider=Okta"
    ) -> Answer:
        """Sign in through the hosted pages. Return the response of the callback."""
        start = browser.get(f"/auth/login?{query}")
        back = self.cognito.authorize(start.location, person or Person())
        return browser.get(back, site="cross-site")

    def users(self) -> dict[str, dict[str, str]]:
        """Return the users table as plain text values."""
        items = self.dynamodb.items(self.settings.users_table)
        return {
            key: {name: next(iter(value.values())) for name, value in item.items()}
            for key, item in items.items()
        }


def build_world(clock: Clock) -> World:
    """Start a container with one registered provider, Okta."""
    settings = Settings.from_env(ENVIRONMENT)
    root = f"https://{DOMAIN}/api/"
    cognito = CognitoDouble(
        clock=clock,
        client_id=settings.client_id,
        client_secret=CLIENT_SECRET,
        url=settings.cognito_url,
        issuer=settings.issuer,
        redirect_uris=frozenset({f"{root}auth/callback", "https://app.example.org/auth/callback"}),
        logout_uris=frozenset({f"{root}?signed_out=1"}),
    )
    dynamodb = DynamoDBDouble(
        {
            settings.users_table: ("userName", frozenset({"Email"})),
            settings.providers_table: ("name", frozenset()),
            SESSIONS_TABLE: ("sub/id", frozenset()),
            THROTTLE_TABLE: ("key", frozenset()),
            SUBJECTS_TABLE: ("subject", frozenset()),
        }
    )
    dynamodb.put(settings.providers_table, {"name": {"S": "Okta"}, "label": {"S": "Acme Okta"}})
    secrets = SecretsManagerDouble(
        {
            SECRET_ARN: {"client_id": settings.client_id, "client_secret": CLIENT_SECRET},
            MFA_SECRET_ARN: {"client_id": MFA_CLIENT_ID, "client_secret": MFA_CLIENT_SECRET},
            KEYS_ARN: {"current": "k1", "k1": SEALING_KEY},
        }
    )
    clients = {settings.client_id: CLIENT_SECRET, MFA_CLIENT_ID: MFA_CLIENT_SECRET}
    pool = UserPoolDouble(clock, cognito, settings.user_pool_id, clients)
    pool.trigger = lambda *event: run_trigger(settings, *event)
    functions = LambdaDouble({"gatehouse-dev-account_mail": gate.account_mail})
    queue = QueueDouble(gate.leaving)
    made = World(settings, clock, cognito, dynamodb, secrets, pool, functions, queue)
    made.restart()
    return made
