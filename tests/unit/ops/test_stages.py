"""Tests that `ops` reads and checks a stage as a whole, and changes only the intended values."""

import json
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.stages import clear_environment, config_file, load_stage, write_environment
from tests.unit.ops.fakes import dev_block, project


def test_stage_in_order_is_read_with_the_top_level_below_it(tmp_path: Path) -> None:
    """A stage's own variables override the variables at the file's top level."""
    folder = project(tmp_path, dev=dev_block())
    config = json.loads(config_file(folder).read_text())
    config["environment_variables"] = {"DIRECT_SIGN_IN": "off", "APP_TITLE": "Acme"}
    config_file(folder).write_text(json.dumps(config))
    stage = load_stage(folder, "dev")
    assert stage.environment == {
        "STAGE": "dev",
        "DIRECT_SIGN_IN": "managed",
        "APP_TITLE": "Acme",
    }
    assert (stage.region, stage.identity_stack) == ("eu-west-1", "gatehouse-dev-identity")
    assert stage.function("user_records") == "gatehouse-dev-user_records"


def test_one_message_names_every_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one message for each fault, a person would run a command five times to find five faults."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    block = {
        "environment_variables": {
            "STAGE": "prod",
            "DIRECT_SIGN_IN": "maybe",
            "AUTO_SIGN_IN": "my_okta",
            "PUBLIC_URL": "http://localhost:8000/",
            "DEBUG": 1,
        },
        "manage_iam_role": True,
        "gatehouse": {"domain_prefx": "acme"},
    }
    with pytest.raises(OpsError) as caught:
        load_stage(project(tmp_path, dev=block), "dev")
    for said in (
        "manage_iam_role",
        "gatehouse.domain_prefx is an unknown option; did you mean domain_prefix?",
        "no AWS region",
        "domain_prefix is missing",
        "DIRECT_SIGN_IN must be one of embedded, managed, off",
        "AUTO_SIGN_IN must name",
        "DEBUG must be text",
        "STAGE is 'prod'",
        "PUBLIC_URL is 'http://localhost:8000/'",
    ):
        assert said in str(caught.value)
    # The stack will provide USER_POOL_ID, so a missing value is not an error yet.
    assert "USER_POOL_ID" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"STAGE": ""}, "STAGE is ''"),
        (
            {"DIRECT_SIGN_IN": "off", "AUTO_SIGN_IN": "COGNITO"},
            "AUTO_SIGN_IN must not be COGNITO while DIRECT_SIGN_IN is off",
        ),
        ({"BRAND_ACCENT": "#ff5a5f"}, "2.51:1, but text needs 4.5:1 (WCAG 2.2); use #ad3d41"),
        ({"BRAND_LOGO": "nobody.svg"}, "nobody.svg is not in frontend/brand/"),
        ({"BRAND_PICTURE": "pier.svg"}, "BRAND_PICTURE pier.svg is not in frontend/brand/"),
        ({"BRAND_PICTURE": "none"}, "BRAND_PICTURE must be the name of an SVG or PNG file"),
        ({"LANGUAGES": "en,tlh"}, "LANGUAGES contains tlh, but frontend/texts/tlh.json is missing"),
        ({"TERMS_URL": "javascript:1"}, "TERMS_URL must start with https://"),
        ({"COGNITO_URL": "http://a.example"}, "COGNITO_URL must start with https://"),
        ({"PUBLIC_URL": "/app"}, "PUBLIC_URL must be a URL such as"),
        ({"APP_NAME": "other"}, "APP_NAME is 'other'"),
        ({"SESSION_IDLE_SECONDS": "soon"}, "SESSION_IDLE_SECONDS must be a number"),
        ({"REMEMBER_ABSOLUTE_SECONDS": "9999999"}, "longer than the 30 days"),
        ({"AWS_REGION": "eu-west-1"}, "AWS_REGION is reserved by Lambda"),
        ({"AWS_LAMBDA_X": "1"}, "AWS_LAMBDA_X is reserved by Lambda"),
    ],
)
def test_variables_that_cannot_work_are_refused(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    """Each message names the variable and the allowed values. `ops` also applies the rules that the functions check."""
    block = dev_block(environment_variables={"STAGE": "dev", **variables})
    folder = project(tmp_path, dev=block)
    with pytest.raises(OpsError, match="cannot be used") as caught:
        load_stage(folder, "dev")
    assert said in str(caught.value)


def test_before_init_every_command_names_it(tmp_path: Path) -> None:
    """Without this hint, a person would write by hand the lines that `init` adds."""
    folder = project(tmp_path, dev={})
    for stage in ("dev", "local"):
        with pytest.raises(OpsError, match="`python -m ops init`"):
            load_stage(folder, stage)


@pytest.mark.security("S-64")
@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "https://localhost/", "https://127.0.0.1:1/", "http://a.com/"]
)
def test_only_the_local_stage_may_be_on_this_machine_or_on_plain_http(
    tmp_path: Path, url: str
) -> None:
    """The local stage accepts the URL, and every other stage refuses this URL."""
    dev = dev_block(environment_variables={"STAGE": "dev", "PUBLIC_URL": url})
    local = dev_block(
        environment_variables={"STAGE": "local", "PUBLIC_URL": url},
        gatehouse={"region": "us-east-1"},
    )
    folder = project(tmp_path, dev=dev, local=local)
    assert load_stage(folder, "local").environment["PUBLIC_URL"] == url
    with pytest.raises(OpsError, match="PUBLIC_URL"):
        load_stage(folder, "dev")


@pytest.mark.parametrize("prefix", ["Acme", "acme_dev", "-acme", "my-cognito-dev", "awsome"])
def test_domain_prefixes_that_cognito_refuses_are_refused_first(
    tmp_path: Path, prefix: str
) -> None:
    """Without this check, CloudFormation would have to roll the stack back."""
    block = dev_block(gatehouse={"region": "eu-west-1", "domain_prefix": prefix})
    with pytest.raises(OpsError, match="domain_prefix"):
        load_stage(project(tmp_path, dev=block), "dev")


def test_public_url_and_custom_domain_must_agree(tmp_path: Path) -> None:
    """If the two settings had different addresses, Cognito would redirect people to an address that is not the
    app's."""
    block = dev_block(
        environment_variables={"STAGE": "dev", "PUBLIC_URL": "https://a.example/"},
        api_gateway_custom_domain={"domain_name": "b.example"},
    )
    with pytest.raises(OpsError, match=r"PUBLIC_URL is on a\.example"):
        load_stage(project(tmp_path, dev=block), "dev")


@pytest.mark.security("S-53")
@pytest.mark.parametrize("version", ["1.2", "1.0", "TLS_1_0"])
def test_a_custom_domain_speaks_tls_1_2_or_later(tmp_path: Path, version: str) -> None:
    """The value must have the spelling of Chalice, because Chalice ignores any other value."""
    domain = {"domain_name": "b.example", "certificate_arn": "arn:c"}
    good = dev_block(api_gateway_custom_domain={**domain, "tls_version": "TLS_1_2"})
    bad = dev_block(api_gateway_custom_domain={**domain, "tls_version": version}, name="bad")
    folder = project(tmp_path, dev=good, bad=bad)
    assert load_stage(folder, "dev").custom_domain["domain_name"] == "b.example"
    with pytest.raises(OpsError, match="tls_version"):
        load_stage(folder, "bad")


def test_unknown_stage_names_those_there_are(tmp_path: Path) -> None:
    """The list shows a typo at once."""
    with pytest.raises(OpsError, match="its stages: dev"):
        load_stage(project(tmp_path, dev=dev_block()), "deev")


def test_no_project_and_broken_json_are_said_plainly(tmp_path: Path) -> None:
    """The message has the path instead of a traceback."""
    with pytest.raises(OpsError, match="project-dir"):
        load_stage(tmp_path, "dev")
    folder = project(tmp_path, dev=dev_block())
    config_file(folder).write_text("{")
    with pytest.raises(OpsError, match="not JSON"):
        load_stage(folder, "dev")


def test_outputs_are_added_and_everything_else_stays_as_it_is_written(tmp_path: Path) -> None:
    """`provision` keeps the order and the spelling of all keys in the file, even of keys without a meaning for `ops`."""
    folder = project(
        tmp_path,
        prod={"zeta": 1},
        dev=dev_block(
            lambda_functions={"user_records": {"lambda_timeout": 5}}, tags={"team": "Zürich"}
        ),
    )
    before = config_file(folder).read_text(encoding="utf-8").replace("\\u00fc", "ü") + "\n"
    config_file(folder).write_text(before, encoding="utf-8")
    write_environment(folder, "dev", {"CLIENT_ID": "abc"}, {"user_records": "arn:r"})
    text = config_file(folder).read_text(encoding="utf-8")
    config = json.loads(text)
    assert list(config["stages"]) == ["prod", "dev"]
    dev = config["stages"]["dev"]
    assert list(dev["environment_variables"]) == ["STAGE", "DIRECT_SIGN_IN", "CLIENT_ID"]
    assert dev["lambda_functions"]["user_records"] == {"lambda_timeout": 5, "iam_role_arn": "arn:r"}
    assert "Zürich" in text
    assert text.endswith("}\n")
    added = [line for line in text.split("\n") if line not in before.split("\n")]
    assert len(added) <= 4, added
    assert [path.name for path in config_file(folder).parent.iterdir()] == ["config.json"]


def test_nothing_new_does_not_touch_the_file(tmp_path: Path) -> None:
    """`git status` stays clean after a repeated provision."""
    folder = project(tmp_path, dev=dev_block())
    write_environment(folder, "dev", {"CLIENT_ID": "abc"}, {})
    before = config_file(folder).stat().st_mtime_ns, config_file(folder).stat().st_ino
    write_environment(folder, "dev", {"CLIENT_ID": "abc"}, {})
    assert (config_file(folder).stat().st_mtime_ns, config_file(folder).stat().st_ino) == before


def test_writing_is_undone_after_a_destroy(tmp_path: Path) -> None:
    """`destroy` removes only the values that provision wrote."""
    folder = project(tmp_path, dev=dev_block())
    before = json.loads(config_file(folder).read_text())["stages"]["dev"]
    write_environment(folder, "dev", {"CLIENT_ID": "abc"}, {"api_handler": "arn:r"})
    clear_environment(folder, "dev", ["CLIENT_ID"], ["api_handler"])
    after = json.loads(config_file(folder).read_text())["stages"]["dev"]
    assert after == before


def test_the_repositorys_own_stages_lack_only_what_a_team_must_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`local` works unchanged; the other stages need only a domain prefix."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    root = Path(__file__).parents[3]
    assert load_stage(root, "local").is_local
    config = json.loads(config_file(root).read_text())
    for name in ("dev", "prod"):
        if config["stages"][name]["gatehouse"]["domain_prefix"]:
            continue
        with pytest.raises(OpsError) as caught:
            load_stage(root, name)
        assert str(caught.value).count("\n") == 1
        assert "domain_prefix is missing" in str(caught.value)


@pytest.mark.security("S-30")
@pytest.mark.parametrize(
    ("domain", "origins", "said"),
    [
        ("auth.example.com", "https://app.example.com", None),
        ("auth.example.com", "https://example.com,https://a.b.example.com:8443", None),
        ("auth.example.com", "https://app.example.org", "not on the same site as auth.example.com"),
        ("auth.example.com", "https://app.example.com, https://evil.example", "evil.example"),
        ("", "https://app.example.com", "api_gateway_custom_domain"),
        ("auth.example.com", "*", "exact origins"),
    ],
)
def test_other_origins_are_of_the_same_site(
    tmp_path: Path, domain: str, origins: str, said: str | None
) -> None:
    """Other origins must be of the app's site. `ops` reports a mistake before the deployment, as far as `ops` can check
    this rule."""
    block = dev_block()
    block["environment_variables"]["ALLOWED_ORIGINS"] = origins
    if domain:
        block["api_gateway_custom_domain"] = {"domain_name": domain, "certificate_arn": "arn:x"}
    folder = project(tmp_path, dev=block)
    if said is None:
        assert load_stage(folder, "dev").environment["ALLOWED_ORIGINS"] == origins
        return
    with pytest.raises(OpsError, match=said):
        load_stage(folder, "dev")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("SIGN_UP_ALLOWED_DOMAIN", "SIGN_UP_ALLOWED_DOMAINS"),
        ("ALOWED_ORIGINS", "ALLOWED_ORIGINS"),
        ("BRAND_ACENT", "BRAND_ACCENT"),
        ("SESSION_IDLE_SECOND", "SESSION_IDLE_SECONDS"),
        ("APP_TITEL", "APP_TITLE"),
        ("APP_TITL", "APP_TITLE"),
        ("app_title", "APP_TITLE"),
        ("APP-TITLE", "APP_TITLE"),
        ("CAPTHCA", "CAPTCHA"),
        ("BRAND_ACCEMT", "BRAND_ACCENT"),
        ("DIRECT_SIGNIN", "DIRECT_SIGN_IN"),
    ],
)
def test_a_misspelt_setting_is_named_with_the_one_that_is_meant(
    wrong: str, right: str, tmp_path: Path
) -> None:
    """The app would ignore the misspelt setting, so the limit that the team wants would not apply."""
    block = dev_block()
    block["environment_variables"][wrong] = "60"
    with pytest.raises(OpsError, match=rf"{wrong} is an unknown setting; did you mean {right}\?"):
        load_stage(project(tmp_path, dev=block), "dev")


@pytest.mark.parametrize(
    ("mode", "mails", "ses", "said"),
    [
        ("embedded", None, False, None),
        ("embedded", "50", False, None),
        ("embedded", "51", False, "Cognito's own sender stops at 50"),
        ("managed", "1000", False, "Cognito's own sender stops at 50"),
        ("embedded", "1000", True, None),
        ("embedded", None, True, "MAILS_PER_DAY is missing: with SES"),
        ("managed", None, True, None),
        ("embedded", "0", True, "MAILS_PER_DAY must be a number from 1 to 1000000"),
        ("embedded", "many", False, "MAILS_PER_DAY must be a number from 1 to 1000000"),
    ],
)
def test_the_mails_of_a_day_are_what_the_sender_allows(
    tmp_path: Path, mode: str, mails: str | None, ses: bool, said: str | None
) -> None:
    """With Cognito's own sender, a limit above Cognito's quota has no effect. With SES the team must choose a limit,
    because the default would be surprisingly low."""
    block = dev_block()
    block["environment_variables"]["DIRECT_SIGN_IN"] = mode
    if mails is not None:
        block["environment_variables"]["MAILS_PER_DAY"] = mails
    if ses:
        block["gatehouse"]["ses_identity_arn"] = (
            "arn:aws:ses:eu-west-1:111122223333:identity/a.example"
        )
        block["gatehouse"]["ses_from_address"] = "login@a.example"
    folder = project(tmp_path, dev=block)
    if said is None:
        load_stage(folder, "dev")
        return
    with pytest.raises(OpsError, match=said):
        load_stage(folder, "dev")


def test_a_teams_own_variables_are_left_alone(tmp_path: Path) -> None:
    """The names of a team's own variables may resemble the names of settings in meaning, but not in spelling."""
    block = dev_block()
    for own in (
        "ORDERS_TABLE",
        "USER_TABLE",
        "USERS_BUCKET",
        "LOG_LEVEL",
        "OTHER_CLIENT_ID",
        "STAGING",
        "STATE",
        "API_NAME",
        "API_TITLE",
    ):
        block["environment_variables"][own] = "x"
    assert load_stage(project(tmp_path, dev=block), "dev").environment["ORDERS_TABLE"] == "x"


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("dev", "3.10", "gatehouse.python_version must be one of 3.11, 3.12, 3.13, 3.14"),
        ("dev", 3.13, "must be one of"),
        ("dev", "python3.13", "must be one of"),
        ("local", "3.13", "must be empty: the local AWS runs functions on this Python"),
    ],
)
def test_a_runtime_that_cannot_be_used_is_refused(
    tmp_path: Path, name: str, version: object, said: str
) -> None:
    """The cases are a deprecated version, a misspelt version, and the local stage, on which the option has no effect."""
    prefix = "" if name == "local" else "acme-dev"
    options = {"region": "eu-west-1", "domain_prefix": prefix, "python_version": version}
    folder = project(tmp_path, **{name: dev_block(name, gatehouse=options)})
    with pytest.raises(OpsError, match=said):
        load_stage(folder, name)


def test_runtime_and_architecture_are_read(tmp_path: Path) -> None:
    """`ops` and Chalice read the runtime and the architecture from the same file."""
    options = {"region": "eu-west-1", "domain_prefix": "acme-dev", "python_version": "3.13"}
    block = dev_block(gatehouse=options, lambda_architecture="arm64")
    stage = load_stage(project(tmp_path, dev=block), "dev")
    assert (stage.options["python_version"], stage.architecture) == ("3.13", "arm64")
    block["lambda_architecture"] = "sparc"
    (tmp_path / "other").mkdir()
    with pytest.raises(OpsError, match="lambda_architecture must be one of x86_64, arm64"):
        load_stage(project(tmp_path / "other", dev=block), "dev")
