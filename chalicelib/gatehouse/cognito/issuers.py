"""The two forms of a pool's issuer in AWS (S-20).

A pool's `IssuerConfiguration` is ORIGINAL (`https://cognito-idp.…`) or UPDATED (`https://issuer-cognito-idp.…`). An
operator can change this configuration. Tokens from before and after the change belong to the same pool and are signed
with the same keys. Source: Amazon Cognito user pools API reference, "IssuerConfigurationType".
"""

_ORIGINAL, _UPDATED = "https://cognito-idp.", "https://issuer-cognito-idp."


def both_forms(issuer: str) -> tuple[str, ...]:
    """Return both forms of `issuer`. If `issuer` has only one form, return `issuer` alone."""
    for form, other in ((_ORIGINAL, _UPDATED), (_UPDATED, _ORIGINAL)):
        if issuer.startswith(form):
            return issuer, other + issuer.removeprefix(form)
    return (issuer,)
