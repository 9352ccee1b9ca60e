"""`Location` behind proxies: absolute where somebody who is believed says what the client asked for."""
import pytest

from support import tus
from support.client import Client
from support.resumable import BASE, Draft


@pytest.fixture(scope="module")
def believing(start_service_once):
    return start_service_once(WORKERS=0, TRUSTED_PROXIES="127.0.0.1,::1")


def locations(service, **headers) -> set[str]:
    """The addresses of new uploads without their ids."""
    client = Client(service.url).register()
    drafts = Draft(client).create(**headers).headers["location"]
    made = tus.ask(client, "POST", tus.BASE, Upload_Length=5, **headers).headers["Location"]
    return {drafts.rsplit(BASE, 1)[0], made.rsplit(tus.BASE, 1)[0]}


@pytest.mark.parametrize("headers,origin", [
    ({}, ""),
    ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "media.example"}, "https://media.example"),
    ({"Forwarded": "for=192.0.2.7;proto=https;host=media.example:8443"}, "https://media.example:8443"),
    ({"Forwarded": 'host=evil.test, for=192.0.2.7;PROTO=https;host="media.example"'}, "https://media.example"),
    ({"Forwarded": 'for=192.0.2.7;proto=https;host=a.example, for="127.0.0.1:99";host=inner'}, "https://a.example"),
    ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "evil.test, media.example"}, "https://media.example"),
    ({"X_Forwarded_Proto": "https", "X_Forwarded_Host": "media.example/evil"}, ""),
    ({"X_Forwarded_Proto": "javascript", "X_Forwarded_Host": "media.example"}, "")])
def test_a_trusted_proxy_is_believed(believing, headers, origin):
    assert locations(believing, **headers) == {origin}


def test_nobody_else_is(service):
    assert locations(service, X_Forwarded_Proto="https", X_Forwarded_Host="evil.test", Forwarded="host=evil") == {""}


def test_the_public_url_rules(start_service):
    service = start_service(WORKERS=0, PUBLIC_URL="http://media.example/base", TRUSTED_PROXIES="127.0.0.1", port=0)
    assert locations(service, Forwarded="host=other") == {"http://media.example/base"}
