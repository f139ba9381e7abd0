import pytest
from chalice.test import Client

from app import app
from chalicelib import storage


class FakeTable:
    def __init__(self):
        self.rows = {}

    def scan(self):
        return {"Items": list(self.rows.values())}

    def put_item(self, Item):
        self.rows[Item["id"]] = Item

    def delete_item(self, Key, ReturnValues):
        row = self.rows.pop(Key["id"], None)
        return {"Attributes": row} if row else {}


@pytest.fixture
def client(monkeypatch):
    fake = FakeTable()
    monkeypatch.setattr(storage, "table", lambda: fake)
    with Client(app) as made:
        yield made


HEADERS = {"Content-Type": "application/json"}


def add(client, body):
    return client.http.post("/orders", headers=HEADERS, body=body)


def test_health(client):
    assert client.http.get("/health").json_body == {"status": "ok"}


def test_an_order_is_added_and_listed(client):
    order = add(client, b'{"item": "tea", "count": 2}').json_body
    assert client.http.get("/orders", headers=HEADERS).json_body == {"orders": [order]}


def test_an_order_needs_an_item(client):
    assert add(client, b"{}").status_code == 400


def test_an_order_is_deleted_once(client):
    order = add(client, b'{"item": "tea"}').json_body
    for status in (200, 404):
        path = f"/orders/{order['id']}"
        assert client.http.delete(path, headers=HEADERS).status_code == status
