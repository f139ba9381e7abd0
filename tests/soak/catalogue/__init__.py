"""The catalogue of defences. Each entry is one defence. The groups of entries are the groups of requirements in
docs/security.md."""

from tests.soak.catalogue.accounts import ACCOUNTS
from tests.soak.catalogue.api import API
from tests.soak.catalogue.federation import FEDERATION
from tests.soak.catalogue.guesses import GUESSES
from tests.soak.catalogue.hosted import HOSTED
from tests.soak.catalogue.infrastructure import INFRASTRUCTURE
from tests.soak.catalogue.leaving import LEAVING
from tests.soak.catalogue.operators import OPERATORS
from tests.soak.catalogue.own_data import OWN_DATA
from tests.soak.catalogue.ownership import OWNERSHIP
from tests.soak.catalogue.passkeys import PASSKEYS
from tests.soak.catalogue.people import PEOPLE
from tests.soak.catalogue.programs import PROGRAMS
from tests.soak.catalogue.recovery import RECOVERY
from tests.soak.catalogue.sessions import SESSIONS
from tests.soak.catalogue.step_up import STEP_UP
from tests.soak.catalogue.tokens import TOKENS
from tests.soak.catalogue.upstream import UPSTREAM
from tests.soak.defence import Defence

DEFENCES: tuple[Defence, ...] = (
    *HOSTED,
    *TOKENS,
    *SESSIONS,
    *UPSTREAM,
    *ACCOUNTS,
    *OWNERSHIP,
    *GUESSES,
    *PASSKEYS,
    *RECOVERY,
    *API,
    *PEOPLE,
    *PROGRAMS,
    *FEDERATION,
    *STEP_UP,
    *LEAVING,
    *OPERATORS,
    *OWN_DATA,
    *INFRASTRUCTURE,
)

#: Requirements whose defence a Python process cannot switch off. The value says how each requirement is proved.
NOT_SWITCHED: dict[str, str] = {
    "S-66": "the lock files have this property, not the code: tests/ops_e2e/test_package.py installs by hash",
}
