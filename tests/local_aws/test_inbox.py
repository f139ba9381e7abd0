"""Tests of the page that shows the sent mails."""

import re

import requests

from tests.local_aws.cloud import Cloud
from tests.local_aws.pool import Pool


def test_the_inbox_shows_mails_to_people_and_programs(cloud: Cloud, pool: Pool) -> None:
    """A browser gets a page, and a program that accepts JSON gets JSON."""
    pool.cognito.admin_create_user(
        UserPoolId=pool.id, Username="iris@example.com", DesiredDeliveryMediums=["EMAIL"]
    )
    page = requests.get(f"{cloud.url}/inbox", timeout=10)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "To iris@example.com" in page.text
    assert "Your temporary password" in page.text
    told = requests.get(f"{cloud.url}/inbox", headers={"Accept": "application/json"}, timeout=10)
    assert "iris@example.com" in str(told.json()["messages"])


def test_the_newest_mail_is_first_with_its_time(cloud: Cloud, pool: Pool) -> None:
    """MiniStack counts the seconds since 1970, and the page shows the date and the time."""
    cloud.client("sns").publish(PhoneNumber="+15550100", Message="Your code is 123456.")
    for name in ("early", "late"):
        pool.cognito.admin_create_user(
            UserPoolId=pool.id, Username=f"{name}@example.com", DesiredDeliveryMediums=["EMAIL"]
        )
    page = requests.get(f"{cloud.url}/inbox", timeout=10).text
    shown = [page.index(f"To {who}") for who in ("late@", "early@", "+15550100")]
    assert shown == sorted(shown)
    assert re.search(
        r"To late@example\.com from \S+, 20\d\d-\d\d-\d\d at \d\d:\d\d:\d\d UTC<", page
    )


def test_a_mail_in_the_inbox_can_do_nothing(cloud: Cloud) -> None:
    """Only a sandboxed frame shows the mail's HTML; the page itself contains no HTML from the mail."""
    ses = cloud.client("ses")
    for address in ("a@example.com", "b@example.com"):
        ses.verify_email_identity(EmailAddress=address)
    ses.send_email(
        Source="a@example.com",
        Destination={"ToAddresses": ["b@example.com"]},
        Message={
            "Subject": {"Data": "<b>bold</b>"},
            "Body": {"Html": {"Data": '<p class="x">Hello</p><script>alert(1)</script>'}},
        },
    )
    page = requests.get(f"{cloud.url}/inbox", timeout=10)
    assert "<script>" not in page.text
    assert "<b>bold" not in page.text
    assert '<iframe sandbox title="Mail" srcdoc="&lt;p class=&quot;x&quot;' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
