"""A CAPTCHA vendor's widget for tests: the person presses one button."""

import re

from playwright.sync_api import Page

from .fake_api import FakeApi, challenge

WIDGETS = {
    "hcaptcha": "https://js.hcaptcha.com/1/api.js",
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/api.js",
}


def demand_captcha(page: Page, api: FakeApi, vendor: str) -> None:
    """Make the fake API answer like a stage with a CAPTCHA: the CSP allows the vendor, and Trusted Types are off."""
    api.headers["Content-Security-Policy"] = re.sub(
        r"; require-trusted-types-for.*", "", api.headers["Content-Security-Policy"]
    ).replace("script-src 'self'", f"script-src 'self' {WIDGETS[vendor]}")
    asked = challenge(
        "CAPTCHA", provider=vendor, site_key="site-key", script=f"{WIDGETS[vendor]}?render=explicit"
    )
    api.answers["POST /auth/direct/sign-in"] = lambda request: (
        api.native() if request.body.get("captcha") == "solved" else asked
    )
    page.route(
        re.compile(re.escape(WIDGETS[vendor])),
        lambda route: route.fulfill(
            content_type="text/javascript",
            body=f"""window.{vendor} = {{render(place, options) {{
                const button = document.createElement('button');
                button.type = 'button';
                button.textContent = 'I am a person ' + options.sitekey;
                button.onclick = () => options.callback('solved');
                place.append(button);
            }}}};
            window[new URL(document.currentScript.src).searchParams.get('onload')]();""",
        ),
    )
