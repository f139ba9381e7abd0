#!/usr/bin/env bash
# ministack 1.5.33: UpdateUserPool keeps every setting that the request omits. AWS resets such a setting to its default.
#
# Expected: a pool update has the same effect on a local AWS and on AWS.
# Actual: in MiniStack the pool keeps its second factor and its password policy. AWS
#   documents for the same call: "If you don't provide a value for an attribute, Amazon Cognito sets it to its default
#   value." After the call on AWS, the pool therefore has a minimum password length of 8 and no second factor.
# Source: Amazon Cognito API reference, UpdateUserPool. Not verified on AWS.
# Who is affected: teams that use MiniStack to test a script that calls update_user_pool(UserPoolId=…, one setting).
#   The test passes; in production the other settings are gone, without an error.
# Exit code: 0 while this behaviour exists, 1 when it has changed. Needs python3 (3.11 to 3.14) and a package index.
set -euo pipefail

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 2>/dev/null
echo "ministack $(venv/bin/python -c 'from importlib.metadata import version; print(version("ministack"))')"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
GATEWAY_PORT=$port HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 TMPDIR="$work" venv/bin/ministack > server.log 2>&1 &
server=$!

cat > update.py <<'PY'
import sys
import time

import boto3
from botocore.exceptions import EndpointConnectionError

cognito = boto3.client(
    "cognito-idp",
    endpoint_url=f"http://127.0.0.1:{sys.argv[1]}",
    region_name="eu-central-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
for _ in range(120):
    try:
        cognito.list_user_pools(MaxResults=1)
        break
    except EndpointConnectionError:
        time.sleep(0.25)

pool = cognito.create_user_pool(
    PoolName="people",
    MfaConfiguration="ON",
    Policies={"PasswordPolicy": {"MinimumLength": 15}},
)["UserPool"]["Id"]
cognito.update_user_pool(UserPoolId=pool, UserPoolAddOns={"AdvancedSecurityMode": "OFF"})
after = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
length = after["Policies"]["PasswordPolicy"]["MinimumLength"]
print(f"after an update of something else: MfaConfiguration {after['MfaConfiguration']}, MinimumLength {length}")
assert (after["MfaConfiguration"], length) == ("ON", 15), "MiniStack has changed"
PY
venv/bin/python update.py "$port"
