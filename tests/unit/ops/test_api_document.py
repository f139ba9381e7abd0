"""Tests that Chalice's document for API Gateway contains the gateway responses."""

from types import SimpleNamespace
from typing import Any

import pytest

from ops.api_document import EXTENSION, _with_answers, extension, root_of
from ops.gateway_responses import gateway_responses


class Deployed:
    """Chalice's record of an earlier deployment. An empty URL means that the app was never deployed."""

    def __init__(self, url: str) -> None:
        self._url = url

    def resource_values(self, name: str) -> dict[str, str]:
        if not self._url:
            raise ValueError(name)
        return {"rest_api_url": self._url}


def handled(url: str = "", prefix: str = "", **environment: str) -> dict[str, Any]:
    config = SimpleNamespace(
        chalice_app=SimpleNamespace(gatehouse=SimpleNamespace(prefix=prefix)),
        chalice_stage="dev",
        environment_variables=environment,
        api_gateway_custom_domain=None,
        deployed_resources=lambda _: Deployed(url),
    )
    api = SimpleNamespace(swagger_doc=None)

    def handle(self: Any, config: Any, resource: Any) -> None:
        resource.swagger_doc = {"paths": {}}

    _with_answers(handle)(None, config, api)
    found: dict[str, Any] = api.swagger_doc[EXTENSION]
    return found


@pytest.mark.security("S-53")
def test_a_plain_chalice_deploy_sends_all_that_the_second_pass_puts() -> None:
    """`put_rest_api` removes gateway responses that the document does not name, so the document must name all of
    them."""
    url = "https://a1.execute-api.eu-west-1.amazonaws.com/api/"
    origin = "https://shop.acme.example"
    assert handled(url, ALLOWED_ORIGINS=origin) == extension([origin], url)
    puts = {each.kind: each.request() for each in gateway_responses([origin], url)}
    assert {
        kind: {"responseType": kind, **said} for kind, said in extension([origin], url).items()
    } == puts


def test_before_there_is_an_address_nobody_is_led_anywhere() -> None:
    """The redirect to the page needs the API's address. The first deployment's second pass therefore adds the redirect.
    An app with a prefix gets no redirect, because the other paths belong to the team."""
    assert handled() == extension([], None)
    assert handled("https://x.example/api", prefix="/account") == extension([], None)


@pytest.mark.parametrize(
    ("environment", "domain", "root"),
    [
        ({"PUBLIC_URL": "https://a.example/"}, {"domain_name": "b.example"}, "https://a.example"),
        ({}, {"domain_name": "b.example", "url_prefix": "/v1/"}, "https://b.example/v1"),
        ({}, {}, "https://x.example/api"),
    ],
)
def test_the_root_is_what_the_functions_know_it_as(
    environment: dict[str, str], domain: dict[str, str], root: str
) -> None:
    assert root_of(environment, domain, "https://x.example/api/") == root
