"""Orders of a small shop."""

from chalice import BadRequestError, Chalice

from chalicelib import storage
from chalicelib.errors import UnknownOrder

app = Chalice(app_name="orders")


@app.route("/health")
def health():
    return {"status": "ok"}


@app.route("/orders", cors=True)
def list_orders():
    return {"orders": storage.list_orders()}


@app.route("/orders", methods=["POST"], cors=True)
def add_order():
    body = app.current_request.json_body or {}
    if not body.get("item"):
        raise BadRequestError("item is missing")
    return storage.add_order(body["item"], int(body.get("count", 1)))


@app.route("/orders/{order_id}", methods=["DELETE"], cors=True)
def delete_order(order_id):
    try:
        storage.delete_order(order_id)
    except UnknownOrder as error:
        return error.as_response()
    return {"deleted": order_id}
