"""The composition root: makes every client and service at first use, and keeps them while the Lambda container is warm.

No other module makes clients, except `container.py`, which makes the clients for the app's own code. Modules are
imported at first use, so a route that uses no table does not load the modules for tables. Tests build their own
`Services` with fakes and assign the object to the `Container`.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import deadline
from .settings import Settings

if TYPE_CHECKING:
    from .captcha import SiteVerify
    from .cognito.federated_profiles import FederatedProfiles
    from .cognito.http_client import HttpClient
    from .cognito.linking import Linker
    from .cognito.oauth import OAuthClient
    from .cognito.tokens import TokenVerifier
    from .cognito.user_admin import UserAdmin
    from .cognito.user_pool_api import UserPoolApi
    from .flows.account_mail import AccountMail
    from .flows.accounts import Accounts
    from .flows.attempts import Attempts
    from .flows.direct_sign_in import DirectSignIn
    from .flows.discovery import Discovery
    from .flows.fresh_check import FreshCheck
    from .flows.global_sign_out import GlobalSignOut
    from .flows.hosted_sign_in import HostedSignIn
    from .flows.leaving import Leaving
    from .flows.leaving_door import LeavingDoor
    from .flows.living_sessions import LivingSessions
    from .flows.mfa import Mfa
    from .flows.new_session import NewSessions
    from .flows.own_password import OwnPassword
    from .flows.passkey_sign_in import PasskeySignIn
    from .flows.passkeys import Passkeys
    from .flows.profile import Profile
    from .flows.reauthentication import Reauthentication
    from .flows.recovery_codes import RecoveryCodes
    from .flows.session_flow import SessionFlow
    from .flows.session_list import SessionList
    from .flows.session_notes import SessionNotes
    from .sealed.challenges import Challenges
    from .sealed.cursors import Cursors
    from .sealed.departures import Departures
    from .sealed.sealing import Sealer
    from .sealed.transactions import LoginTransactions
    from .session.sessions import Sessions
    from .stage_secrets import StageSecrets
    from .store.locks import AddressLocks
    from .store.marks import MarkStore
    from .store.passkey_notes import PasskeyNotes
    from .store.proofs import ProofStore
    from .store.providers import ProviderStore
    from .store.recovery_codes import RecoveryCodeStore
    from .store.session_rows import SessionRows
    from .store.subjects import SubjectStore
    from .store.users import UserStore


class Services:
    """The services that routes and triggers call. `clock` returns Unix seconds. `aws` returns the boto3 client for a
    service's name.

    `budget` limits the time of outbound calls. If the code that makes a `Services` object passes its own clients, these
    clients must themselves apply the limit of `budget`. Services that limit the rate of their calls use `sleep` to wait
    between two calls.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        aws: Callable[[str], Any] | None = None,
        http: "HttpClient | None" = None,
        budget: deadline.Budget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._given_aws = aws
        self._given_http = http
        self.budget = budget or deadline.Budget()
        self._sleep = sleep

    @cached_property
    def users(self) -> "UserStore":
        from .store.users import UserStore

        return UserStore(self._dynamodb, self.settings.users_table, self.clock)

    @cached_property
    def providers(self) -> "ProviderStore":
        from .store.providers import ProviderStore

        return ProviderStore(self._dynamodb, self.settings.providers_table, self.clock)

    @cached_property
    def proofs(self) -> "ProofStore":
        from .store.proofs import ProofStore

        return ProofStore(self._dynamodb, self.settings.throttle_table, self.clock)

    @cached_property
    def sessions(self) -> "Sessions":
        from .session.sessions import Sessions

        return Sessions(self._sealer, self.clock, self.settings.session, self.settings.remembered)

    @cached_property
    def session_rows(self) -> "SessionRows":
        from .store.session_rows import SessionRows

        return SessionRows(self._dynamodb, self.settings.sessions_table, self.clock)

    @cached_property
    def session_list(self) -> "SessionList":
        from .flows.session_list import SessionList

        return SessionList(rows=self.session_rows, sessions=self.sessions, providers=self.providers)

    @cached_property
    def transactions(self) -> "LoginTransactions":
        from .sealed.transactions import LoginTransactions

        return LoginTransactions(self._sealer, self.clock)

    @cached_property
    def departures(self) -> "Departures":
        from .sealed.departures import Departures

        return Departures(self._sealer, self.clock)

    @cached_property
    def oauth(self) -> "OAuthClient":
        from .cognito.oauth import OAuthClient

        return OAuthClient(
            cognito_url=self.settings.cognito_url,
            client_id=self.settings.client_id,
            load_client_secret=lambda renew: self._secrets.client_secret(renew),
            transport=self._http,
        )

    @cached_property
    def tokens(self) -> "TokenVerifier":
        from .cognito.jwks import JwksCache
        from .cognito.tokens import TokenVerifier

        return TokenVerifier(
            issuer=self.settings.issuer,
            client_id=self.settings.client_id,
            keys=JwksCache(lambda: self._http.get(self.settings.jwks_url), self.clock),
            clock=self.clock,
        )

    @cached_property
    def hosted_sign_in(self) -> "HostedSignIn":
        from .flows.hosted_sign_in import HostedSignIn

        return HostedSignIn(
            settings=self.settings,
            oauth=self.oauth,
            tokens=self.tokens,
            transactions=self.transactions,
            new_sessions=self._new_sessions,
            providers=self.providers,
            needed=(self._secrets, self.tokens, self.providers),
        )

    @cached_property
    def discovery(self) -> "Discovery":
        from .flows.discovery import Discovery

        attempts = self._attempts if self.settings.throttle_table else None
        return Discovery(providers=self.providers, attempts=attempts)

    @cached_property
    def session_flow(self) -> "SessionFlow":
        from .flows.session_flow import SessionFlow

        return SessionFlow(
            oauth=self.oauth,
            load_api=lambda: self._user_pool_api,
            tokens=self.tokens,
            sessions=self.sessions,
            living=self.living_sessions,
            notes=self._session_notes,
            load_users=lambda: self.users,
        )

    @cached_property
    def living_sessions(self) -> "LivingSessions":
        from .flows.living_sessions import LivingSessions

        return LivingSessions(
            sessions=self.sessions, rows=self.session_rows, load_users=lambda: self.users
        )

    @cached_property
    def direct_sign_in(self) -> "DirectSignIn":
        from .flows.direct_sign_in import DirectSignIn

        return DirectSignIn(
            api=self._user_pool_api,
            tokens=self.tokens,
            challenges=self._challenges,
            new_sessions=self._new_sessions,
            attempts=self._attempts,
            captcha=self.captcha,
            passkeys=self.passkey_notes,
            issuer_label=self.settings.app_title,
        )

    @cached_property
    def accounts(self) -> "Accounts":
        from .flows.accounts import Accounts
        from .mail_requests import MailRequests

        return Accounts(
            api=self._user_pool_api,
            user_admin=self.user_admin,
            users=self.users,
            notes=self._session_notes,
            locks=self._locks,
            mail=MailRequests(
                self._aws("lambda"), f"{self.settings.app_name}-{self.settings.stage}-account_mail"
            ),
            attempts=self._attempts,
            providers=self.providers,
            passkeys=self.passkey_notes if self.settings.passkeys else None,
            allowed_domains=self.settings.sign_up_allowed_domains,
            refused_domains=self.settings.sign_up_refused_domains,
        )

    @cached_property
    def account_mail(self) -> "AccountMail":
        from .flows.account_mail import AccountMail

        return AccountMail(
            api=self._user_pool_api,
            user_admin=self.user_admin,
            users=self.users,
            locks=self._locks,
        )

    @cached_property
    def mfa(self) -> "Mfa":
        from .flows.mfa import Mfa

        return Mfa(
            again=self._reauthentication,
            challenges=self._challenges,
            attempts=self._attempts,
            recovery_codes=self.recovery_code_store,
            issuer_label=self.settings.app_title,
            passkeys=self.settings.passkeys,
        )

    @cached_property
    def recovery_codes(self) -> "RecoveryCodes":
        from .flows.recovery_codes import RecoveryCodes

        return RecoveryCodes(
            store=self.recovery_code_store,
            attempts=self._attempts,
            challenges=self._challenges,
            load_again=lambda: self._reauthentication,
            load_user_admin=lambda: self.user_admin,
            load_new_sessions=lambda: self._new_sessions,
            clock=self.clock,
            passkeys=self.settings.passkeys,
        )

    @cached_property
    def recovery_code_store(self) -> "RecoveryCodeStore":
        from .store.recovery_codes import RecoveryCodeStore

        return RecoveryCodeStore(self._dynamodb, self.settings.users_table)

    @cached_property
    def passkey_sign_in(self) -> "PasskeySignIn":
        from .flows.passkey_sign_in import PasskeySignIn

        return PasskeySignIn(
            api=self._user_pool_api,
            challenges=self._challenges,
            attempts=self._attempts,
            notes=self.passkey_notes,
            domain=self.settings.passkey_domain,
        )

    @cached_property
    def passkeys(self) -> "Passkeys":
        from .cognito.passkey_api import PasskeyApi
        from .flows.passkeys import Passkeys

        return Passkeys(
            again=self._reauthentication,
            api=PasskeyApi(self._cognito_idp),
            notes=self.passkey_notes,
            challenges=self._challenges,
            attempts=self._attempts,
        )

    @cached_property
    def passkey_notes(self) -> "PasskeyNotes":
        from .store.passkey_notes import PasskeyNotes

        return PasskeyNotes(self._dynamodb, self.settings.users_table, self.clock)

    @cached_property
    def _reauthentication(self) -> "Reauthentication":
        from .flows.reauthentication import Reauthentication

        return Reauthentication(
            api=self._server_only_api,
            living=self.living_sessions,
            challenges=self._challenges,
            users=self.users,
            attempts=self._attempts,
        )

    @cached_property
    def captcha(self) -> "SiteVerify | None":
        if self.settings.captcha == "off":
            return None
        from .captcha import SiteVerify

        return SiteVerify(
            name=self.settings.captcha,
            site_key=self.settings.captcha_site_key,
            verify_url=self.settings.captcha_verify_url,
            load_secret=lambda: self._secrets.captcha_secret(),
            transport=self._http,
        )

    def client_secret(self, renew: bool) -> str:
        """Return the app client's secret, for the pre-sign-up trigger. `renew=True` bypasses the cache."""
        return self._secrets.client_secret(renew)

    @cached_property
    def user_admin(self) -> "UserAdmin":
        from .cognito.user_admin import UserAdmin

        return UserAdmin(self._cognito_idp, self.settings.user_pool_id)

    @cached_property
    def global_sign_out(self) -> "GlobalSignOut":
        return self._global_sign_out_by(self.user_admin)

    def _global_sign_out_by(self, user_admin: "UserAdmin") -> "GlobalSignOut":
        from .flows.global_sign_out import GlobalSignOut

        return GlobalSignOut(users=self.users, notes=self._session_notes, user_admin=user_admin)

    @cached_property
    def subjects(self) -> "SubjectStore":
        from .store.subjects import SubjectStore

        return SubjectStore(self._dynamodb, self.settings.subjects_table, self.clock)

    @cached_property
    def leaving(self) -> "Leaving":
        """Return the service that the function `leaving` uses. The service limits the rate of its calls to Cognito."""
        from .cognito.pace import PacedClient
        from .cognito.provider_people import ProviderPeople
        from .cognito.user_admin import UserAdmin
        from .flows.leaving import CALLS_PER_SECOND, Leaving

        paced = PacedClient(self._cognito_idp, CALLS_PER_SECOND, self.clock, self._sleep)
        user_admin = UserAdmin(paced, self.settings.user_pool_id)
        return Leaving(
            providers=self.providers,
            subjects=self.subjects,
            people=ProviderPeople(paced, self.settings.user_pool_id),
            users=self.users,
            user_admin=user_admin,
            global_sign_out=self._global_sign_out_by(user_admin),
            stage=self.settings.stage,
            clock=self.clock,
        )

    @cached_property
    def leaving_door(self) -> "LeavingDoor":
        from .cognito.jwks import JwksCache
        from .cognito.provider_people import ProviderPeople
        from .errors import NotFound
        from .flows.leaving_door import LeavingDoor
        from .signals import SignalQueue

        if not self.settings.leaving_queue_url or not self.settings.subjects_table:
            raise NotFound(
                "the stage has no queue for signals from providers; provision the stage with the current release"
            )
        caches: dict[str, JwksCache] = {}

        def load_keys(url: str) -> JwksCache:
            if url not in caches:
                caches[url] = JwksCache(lambda: self._http.get(url), self.clock)
            return caches[url]

        return LeavingDoor(
            providers=self.providers,
            subjects=self.subjects,
            people=ProviderPeople(self._cognito_idp, self.settings.user_pool_id),
            queue=SignalQueue(self._aws("sqs"), self.settings.leaving_queue_url),
            marks=self._marks,
            load_secret=lambda arn, renew: self._secrets.leaving_secret(arn, renew),
            load_keys=load_keys,
            stage=self.settings.stage,
            clock=self.clock,
        )

    @cached_property
    def fresh_check(self) -> "FreshCheck":
        from .flows.fresh_check import FreshCheck

        return FreshCheck(
            users=self.users,
            user_admin=self.user_admin,
            load_providers=lambda: self.providers,
        )

    @cached_property
    def linker(self) -> "Linker":
        from .cognito.linking import Linker

        return Linker(self._cognito_idp, self.settings.user_pool_id, self.users.is_proved)

    @cached_property
    def federated_profiles(self) -> "FederatedProfiles":
        from .cognito.federated_profiles import FederatedProfiles

        return FederatedProfiles(self._cognito_idp, self.settings.user_pool_id)

    @cached_property
    def profile(self) -> "Profile":
        from .flows.profile import Profile

        return Profile(
            users=self.users,
            load_user_admin=lambda: self.user_admin,
            load_providers=lambda: self.providers,
        )

    @cached_property
    def user_cursors(self) -> "Cursors":
        from .sealed.cursors import Cursors

        return Cursors(self._sealer, "users")

    @cached_property
    def own_password(self) -> "OwnPassword":
        from .flows.own_password import OwnPassword

        return OwnPassword(
            api=self._server_only_api,
            user_admin=self.user_admin,
            living=self.living_sessions,
            rows=self.session_rows,
            users=self.users,
            attempts=self._attempts,
        )

    @cached_property
    def _server_only_api(self) -> "UserPoolApi":
        from .cognito.user_pool_api import UserPoolApi

        return UserPoolApi(
            self._cognito_idp,
            user_pool_id=self.settings.user_pool_id,
            client_id=self.settings.mfa_client_id,
            load_client_secret=lambda renew: self._secrets.mfa_client_secret(renew),
        )

    @cached_property
    def _user_pool_api(self) -> "UserPoolApi":
        from .cognito.user_pool_api import UserPoolApi

        return UserPoolApi(
            self._cognito_idp,
            user_pool_id=self.settings.user_pool_id,
            client_id=self.settings.client_id,
            load_client_secret=lambda renew: self._secrets.client_secret(renew),
        )

    @cached_property
    def _new_sessions(self) -> "NewSessions":
        from .flows.new_session import NewSessions

        return NewSessions(
            client_id=self.settings.client_id,
            oauth=self.oauth,
            sessions=self.sessions,
            notes=self._session_notes,
            users=self.users,
            providers=self.providers,
        )

    @cached_property
    def _session_notes(self) -> "SessionNotes":
        from .flows.session_notes import SessionNotes

        return SessionNotes(rows=self.session_rows, sessions=self.sessions)

    @cached_property
    def _challenges(self) -> "Challenges":
        from .sealed.challenges import Challenges

        return Challenges(self._sealer, self.clock)

    @cached_property
    def _attempts(self) -> "Attempts":
        from .flows.attempts import Attempts
        from .sealed.devices import Devices
        from .store.daily_mails import DailyMails
        from .store.throttle import ThrottleStore

        table = self.settings.throttle_table
        return Attempts(
            ThrottleStore(self._dynamodb, table, self.clock, lambda: self._secrets.pepper()),
            self._marks,
            DailyMails(self._dynamodb, table, self.clock, self.settings.mails_per_day),
            Devices(self._sealer, self.clock),
            self.users,
            self.settings.stage,
            self.clock,
        )

    @cached_property
    def _marks(self) -> "MarkStore":
        from .store.marks import MarkStore

        table = self.settings.throttle_table
        return MarkStore(self._dynamodb, table, self.clock, lambda: self._secrets.pepper())

    @cached_property
    def _locks(self) -> "AddressLocks":
        from .store.locks import AddressLocks

        return AddressLocks(
            self._dynamodb,
            self.settings.throttle_table,
            self.clock,
            lambda: self._secrets.pepper(),
        )

    @cached_property
    def _cognito_idp(self) -> Any:
        return self._aws("cognito-idp")

    @cached_property
    def _http(self) -> "HttpClient":
        from .cognito.http_client import HttpClient

        return self._given_http or HttpClient(self.budget)

    @cached_property
    def _aws(self) -> Callable[[str], Any]:
        if self._given_aws is not None:
            return self._given_aws
        from .aws_clients import AwsClients

        return AwsClients(
            self.settings.region,
            self.budget,
            repeatable_tables=frozenset(
                {
                    self.settings.users_table,
                    self.settings.sessions_table,
                    self.settings.subjects_table,
                }
                - {""}
            ),
        )

    @cached_property
    def _dynamodb(self) -> Any:
        return self._aws("dynamodb")

    @cached_property
    def _secrets(self) -> "StageSecrets":
        from .stage_secrets import StageSecrets
        from .store.secrets import SecretStore

        return StageSecrets(SecretStore(self._aws("secretsmanager"), self.clock), self.settings)

    @cached_property
    def _sealer(self) -> "Sealer":
        from .sealed.sealing import Sealer

        return Sealer(lambda renew: self._secrets.key_ring(renew))
