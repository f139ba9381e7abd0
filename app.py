"""The Chalice app: the sign-in, and your routes. Everything else is in chalicelib/."""

from chalicelib.gatehouse import cold_start

cold_start.collect_less()  # first, because fewer collections during the imports save a tenth of a cold start

import os

from chalice.app import Chalice

from chalicelib import whoami
from chalicelib.gatehouse import Gatehouse

app = Chalice(app_name="gatehouse")
gate = Gatehouse(app, openapi=os.path.join(os.path.dirname(__file__), "chalicelib", "openapi"))
app.register_blueprint(whoami.routes)
