"""What can go wrong with an order."""

from chalice import Response


class UnknownOrder(Exception):
    """There is no such order."""

    def as_response(self):
        return Response({"error": "unknown order"}, status_code=404)
