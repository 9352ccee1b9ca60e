"""Accounts from outside: register, sign in, rotate, the cookie with its guard, the first administrator."""
import re
import stat

import pytest

from support.client import PASSWORD, Client


def token_pair(client: Client) -> dict:
    answer = client.request("POST", "/api/auth/login", data={"email": client.email, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.json()


def refresh(service, token: str):
    return Client(service.url).request("POST", "/api/auth/token", data={"refreshToken": token})


def test_registering_answers_with_the_user_and_tokens(service):
    data = {"email": "Somebody.New@example.com", "password": PASSWORD}
    answer = Client(service.url).request("POST", "/api/auth/register", data=data)
    assert answer.status == 201, answer
    made = answer.json()
    assert isinstance(made["user"]["id"], int) and made["user"]["username"]
    assert made["token"].count(".") == 2 and made["refreshToken"] and made["expiresIn"] == 3600
    again = Client(service.url).request("POST", "/api/auth/register", data=data | {"email": data["email"].lower()})
    assert again.status == 409, "one address, one account, in whatever letters"


@pytest.mark.parametrize("email, password", [
    ("nobody", PASSWORD), ("", PASSWORD), ("a@example.com", "short"), ("a@example.com", ""), ("a@example.com", 7)])
def test_an_account_that_cannot_be_is_refused(service, email, password):
    answer = Client(service.url).request("POST", "/api/auth/register", data={"email": email, "password": password})
    assert answer.status in (400, 422), answer


def test_nobody_becomes_an_administrator_by_registering(service):
    data = {"email": "would.be@example.com", "password": PASSWORD, "role": "admin", "admin": True}
    made = Client(service.url).request("POST", "/api/auth/register", data=data).json()
    assert made["user"]["role"] != "admin"


def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(service, client):
    first = token_pair(client)
    second = refresh(service, first["refreshToken"])
    assert second.status == 200
    assert Client(service.url, second.json()["token"]).get("/api/assets").status == 200
    assert refresh(service, first["refreshToken"]).status == 401
    assert refresh(service, second.json()["refreshToken"]).status == 401, "a thief and the owner are both out"


def test_wrong_passwords_are_slowed_down_and_tell_nothing(start_service):
    # A service of its own: the limit is by address too, and the other tests share this one's.
    url = start_service().url
    client = Client(url).register()
    unknown = Client(url).request(
        "POST", "/api/auth/login", data={"email": "not.there@example.com", "password": PASSWORD})
    answers = [client.request("POST", "/api/auth/login", data={"email": client.email, "password": "wrong one"})
               for _ in range(12)]
    assert answers[0].status == unknown.status == 401
    assert answers[0].json()["detail"] == unknown.json()["detail"]
    assert answers[-1].status == 429 and int(answers[-1].headers["Retry-After"]) > 0


def cookie_of(client: Client) -> str:
    answer = client.request("POST", "/api/auth/login", data={"email": client.email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    return cookie.split(";")[0]


def test_the_cookie_reads_and_writes_for_its_own_origin_only(service, client):
    anyone = Client(service.url)
    headers = {"Cookie": cookie_of(client)}
    assert anyone.get("/api/assets", headers=headers).status == 200
    begin = {"filename": "a.mp4", "fileSize": 10, "fileType": "video/mp4"}
    own = anyone.request("POST", "/api/uploads/init", data=begin, headers=headers | {"Origin": service.url})
    assert own.status in (200, 201)
    for origin in ("https://evil.example", "null", service.url + ".evil.example"):
        answer = anyone.request("POST", "/api/uploads/init", data=begin, headers=headers | {"Origin": origin})
        assert answer.status == 403, origin


def test_the_first_start_prints_a_link_that_makes_one_administrator(start_service):
    fresh = start_service()
    link = fresh.admin_link
    assert link, "no one-time link was printed"
    assert Client(fresh.url).get(link).status == 200
    token = re.search(r"token=([^&\s]+)", link).group(1)
    data = {"token": token, "email": "first@example.com", "password": PASSWORD}
    made = Client(fresh.url).request("POST", "/setup", data=data)
    assert made.status in (200, 201), made
    assert made.json()["user"]["role"] == "admin"
    again = Client(fresh.url).request("POST", "/setup", data=data | {"email": "second@example.com"})
    assert again.status in (400, 401, 403, 404, 410)
    fresh.stop()
    begin = fresh.log.stat().st_size
    fresh.start()
    assert "/setup?token=" not in fresh.text(begin), "there is an administrator now"


def test_the_secret_is_made_once_and_kept_from_others(start_service):
    fresh = start_service()
    secret = fresh.data / "jwt-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    client = Client(fresh.url).register()
    fresh.stop()
    client.url = fresh.start().url
    assert client.get("/api/assets").status == 200, "tokens live on over a restart"
