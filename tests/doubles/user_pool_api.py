"""A double of a user pool behind boto3's `cognito-idp` client, with the calls that Gatehouse uses. The double is as
strict as AWS's documentation.

The double enforces rules that the local AWS omits: SECRET_HASH of the right user name, Sessions that are valid once and
for one user, client and challenge, MFA_SETUP, SELECT_MFA_TYPE, EMAIL_OTP, SMS_MFA, real TOTP, real WebAuthn, lockout,
expiring codes, the password policy, case-insensitive names. The double checks every request and every response against
botocore's model of the service. Sources: Amazon Cognito user pools API reference; developer guide, "Managing user
existence error responses".
"""

from tests.doubles.user_pool_accounts import AccountOperations
from tests.doubles.user_pool_admin import AdminOperations
from tests.doubles.user_pool_sign_in import SignInOperations
from tests.doubles.user_pool_totp import TotpOperations


class UserPoolDouble(SignInOperations, TotpOperations, AccountOperations, AdminOperations):
    """The pool as boto3's client for `cognito-idp`."""
