"""A test that an edit of the project reaches the running stack, and that every session continues."""

from typing import Any

import boto3
from playwright.sync_api import Page, expect

from tests.watched import Watched

_ROUTE = """
@app.route("/tea")
def tea():
    return {"tea": "ready"}


"""


def test_edits_arrive_and_keep_people_sessions_and_records(page: Page, mounted: Watched) -> None:
    """The edits change a page and a view, break a module, make a setting invalid, and add a route. The session and the
    record survive every edit."""
    page.goto(mounted.info["page_url"])
    page.get_by_role("link", name="Continue with Okta").click()
    page.get_by_text("bruno@example.com", exact=True).click()
    expect(page.get_by_role("heading", name="Hello, Bruno")).to_be_visible()
    before = _people(mounted)
    assert "bruno@example.com" in {row["Email"]["S"] for row in before}

    mounted.edit("frontend/index.html", "<title>", "<title>Edited ")
    mounted.heard("frontend/index.html: in the stack")
    assert "<title>Edited " in mounted.shown("account")

    mounted.edit("app.py", '{"of": "the team"}', '{"of": "the edit"}')
    mounted.heard("app.py: in the stack")
    assert "the edit" in mounted.shown("health")

    mounted.edit("app.py", "import Gatehouse", "import Gatehose")
    mounted.heard("app.py: not deployed")
    mounted.heard("cannot import name 'Gatehose'")
    # While the module is broken, the edit of the page must not deploy the module.
    mounted.edit("frontend/index.html", "<title>Edited ", "<title>Twice ")
    mounted.heard("frontend/index.html: not deployed")
    assert "the edit" in mounted.shown("health")
    mounted.edit("app.py", "import Gatehose", "import Gatehouse")
    mounted.heard("frontend/index.html: in the stack")
    assert "<title>Twice " in mounted.shown("account")

    mounted.edit(".chalice/config.json", '"100000"', '"many"')
    mounted.heard(".chalice/config.json: not deployed")
    mounted.heard("MAILS_PER_DAY")

    mounted.edit(".chalice/config.json", '"many"', '"100000"')
    mounted.edit("app.py", '{"of": "the edit"}', '{"of": "the team"}')
    mounted.edit("app.py", '("GET", "/health")}', '("GET", "/health"), ("GET", "/tea")}')
    mounted.edit("app.py", "app.register_blueprint", f"{_ROUTE}app.register_blueprint")
    while "ready" not in mounted.shown("tea"):
        # The stack may deploy once or twice, because the test saves the two files at different times.
        mounted.heard(": deployed again")

    page.reload()
    expect(page.get_by_role("heading", name="Hello, Bruno")).to_be_visible()
    assert _people(mounted) == before


def _people(mounted: Watched) -> list[dict[str, Any]]:
    info = mounted.info
    dynamodb = boto3.Session("test", "test", region_name=info["region"]).client(
        "dynamodb", endpoint_url=info["aws_endpoint_url"]
    )
    rows = dynamodb.scan(TableName=info["users_table"], ConsistentRead=True)["Items"]
    return sorted(rows, key=lambda row: str(row["userName"]["S"]))
