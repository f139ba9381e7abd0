"""Errors of orders."""

from chalice import Response


class UnknownOrder(Exception):
    """The order does not exist."""

    def as_response(self):
        return Response({"error": "unknown order"}, status_code=404)
