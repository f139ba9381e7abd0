#!/usr/bin/env bash
# chalice 1.34.0: a dependency that cannot be built is left out of the package, and the command succeeds.
# Expected: `chalice package` fails if a package of requirements.txt cannot be installed for Lambda.
# Actual: the command prints "Could not install dependencies", writes the zip without that dependency, and ends with
#   exit code 0. `chalice deploy` continues and uploads the zip. The second run uses the zip again ("Reusing existing
#   deployment package") and does not print the warning.
# Source: chalice/deploy/packager.py, BaseLambdaDeploymentPackager._build_python_dependencies and
#   LambdaDeploymentPackager.create_deployment_package; https://github.com/aws/chalice/issues/929
# Who is affected: teams that deploy from CI. The job is green, and every invocation ends with
#   Runtime.ImportModuleError.
# Exit code: 0 while this behaviour exists, 1 when it has changed. Needs python3 (3.11 to 3.14) and a package index.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check chalice==1.34.0 2>/dev/null
echo "chalice $(venv/bin/python -c 'from importlib.metadata import version; print(version("chalice"))')"

# A typical source distribution with readable metadata. Building the distribution needs a compiler, which is missing.
mkdir -p index needs-compiler-1.0 app/.chalice
cat > needs-compiler-1.0/setup.py <<'PY'
import sys
from setuptools import setup
if "bdist_wheel" in sys.argv:
    raise SystemExit("a compiler is needed, and there is none")
setup(name="needs-compiler", version="1.0", py_modules=["needs_compiler"])
PY
printf 'Metadata-Version: 2.1\nName: needs-compiler\nVersion: 1.0\n' > needs-compiler-1.0/PKG-INFO
echo 'x = 1' > needs-compiler-1.0/needs_compiler.py
tar -czf index/needs-compiler-1.0.tar.gz needs-compiler-1.0

cat > app/app.py <<'PY'
from chalice import Chalice
app = Chalice(app_name="shop")

@app.route("/")
def index():
    return {}
PY
echo '{"version": "2.0", "app_name": "shop", "stages": {"dev": {}}}' > app/.chalice/config.json
echo 'needs-compiler==1.0' > app/requirements.txt

export PIP_FIND_LINKS="$work/index" AWS_DEFAULT_REGION=us-east-1
cd app
status=0
for run in first second; do
  code=0
  ../venv/bin/chalice package "../out-$run" > "../$run.log" 2>&1 || code=$?
  warned=no; grep -q 'Could not install dependencies' "../$run.log" && warned=yes
  reused=no; grep -q 'Reusing existing deployment package' "../$run.log" && reused=yes
  there=$(../venv/bin/python -c '
import sys, zipfile
print("yes" if "needs_compiler.py" in zipfile.ZipFile(sys.argv[1]).namelist() else "no")
' "../out-$run/deployment.zip" 2>/dev/null || echo "no zip")
  echo "$run run: exit code $code, warning $warned, reused $reused, dependency in the zip: $there"
  expected="0 $([ $run = first ] && echo 'yes no' || echo 'no yes') no"
  [ "$code $warned $reused $there" = "$expected" ] || status=1
done
[ $status = 0 ] && echo "as described" || echo "CHANGED: expected exit code 0 and no dependency, a warning in the first run only"
exit $status
