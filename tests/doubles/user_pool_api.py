"""A double of a user pool behind boto3's `cognito-idp` client, with the calls that Gatehouse uses. The double is as
strict as AWS's documentation.

The double enforces rules that the local AWS omits. SECRET_HASH must be for the right user name. A Session is valid
once, and for one user, client and challenge. The challenges include MFA_SETUP, SELECT_MFA_TYPE, EMAIL_OTP and SMS_MFA.
The double really verifies TOTP codes and WebAuthn responses. Other rules are lockout, expiring codes, the password
policy and case-insensitive names. The double checks every request and every response against botocore's model of the
service. Sources: Amazon Cognito user pools API reference; developer guide, "Managing user existence error responses".
"""

from tests.doubles.user_pool_accounts import AccountOperations
from tests.doubles.user_pool_admin import AdminOperations
from tests.doubles.user_pool_sign_in import SignInOperations
from tests.doubles.user_pool_totp import TotpOperations


class UserPoolDouble(SignInOperations, TotpOperations, AccountOperations, AdminOperations):
    """The pool as boto3's client for `cognito-idp`."""
