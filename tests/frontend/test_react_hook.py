"""Tests of the React hook in docs/clients.md, unchanged, with a stand-in for React and the real session.js."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from .fake_api import Answer, FakeApi

#: A stand-in for React that follows the rules that the hook needs, according to React's documentation. getSnapshot must
#: return the same value as long as the state stays the same. After a change of the value, React renders again. Strict
#: Mode renders twice.
REACT = """
export const drawn = [];
let render = () => {};
export function useSyncExternalStore(subscribe, getSnapshot) {
  const value = getSnapshot();
  if (value !== getSnapshot()) throw new Error('getSnapshot gives another value each time');
  globalThis.unsubscribe ??= subscribe(() => getSnapshot() === drawn.at(-1) || render());
  return value;
}
export function mount(component) {
  render = () => { component(); drawn.push(component()); };
  render();
}
"""


def hook() -> str:
    page = (Path(__file__).parents[2] / "docs" / "clients.md").read_text("utf-8")
    found = re.search(r"<!-- react -->\n```js\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1]


def test_it_is_short() -> None:
    """The hook has at most twenty lines of code."""
    lines = [line for line in hook().splitlines() if line.strip() and "/**" not in line]
    assert len(lines) <= 20


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_hook_of_the_page_works(page: Page, api: FakeApi, signed_in: bool) -> None:
    """The hook sends one request, and renders again when the response arrives. Sign-in and sign-out return to this
    page."""
    script = {"Content-Type": "text/javascript"}
    code = hook().replace("'react'", "'./react.js'")
    code = code.replace("'./session.js'", f"'.{_asset(api)}'")
    code = code.replace("https://auth.example.com/", api.url)
    api.answers |= {
        "GET /react.js": Answer(200, REACT, script),
        "GET /hook.js": Answer(200, code, script),
        "GET /blank": Answer(200, "<!doctype html>", {"Content-Type": "text/html"}),
        "POST /auth/logout": Answer(200, {"logout_url": f"{api.url}blank?left"}),
    }
    if signed_in:
        api.sign_in()
    page.goto(f"{api.url}blank?here")
    statuses = page.evaluate("""async () => {
      const { mount, drawn } = await import('./react.js');
      const { useSession, session } = await import('./hook.js');
      globalThis.hook = useSession;
      const seen = [];
      mount(() => { const state = useSession(); seen.push(state.status); return state; });
      await session.refresh();
      unsubscribe();
      return [seen[0], seen.at(-1), drawn.at(-1).user?.sub ?? null];
    }""")
    known = ["signed_in", "sub-ada"] if signed_in else ["signed_out", None]
    assert statuses == ["unknown", *known]
    assert len(api.sent("POST /auth/refresh")) == 1
    page.evaluate("(way) => void hook()[way]()", "signOut" if signed_in else "signIn")
    if signed_in:
        page.wait_for_url("**/blank?left")
        (request,) = api.sent("POST /auth/logout")
        assert request.body == {"return_to": f"{api.url}blank?here"}
    else:
        page.wait_for_url("**/auth/login?return_to=*blank%3Fhere")


def _asset(api: FakeApi) -> str:
    return f"/assets/{api.files.version}/session.js"
