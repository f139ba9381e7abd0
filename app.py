"""The Chalice app: the sign-in's routes and your own routes. All other code is in chalicelib/."""

from chalicelib.gatehouse import cold_start

# `cold_start.collect_less()` runs before the other imports, because fewer garbage collections make a cold start a tenth
# shorter
cold_start.collect_less()

import os

from chalice.app import Chalice

from chalicelib import whoami
from chalicelib.gatehouse import Gatehouse

app = Chalice(app_name="gatehouse")
gate = Gatehouse(app, openapi=os.path.join(os.path.dirname(__file__), "chalicelib", "openapi"))
app.register_blueprint(whoami.routes)
