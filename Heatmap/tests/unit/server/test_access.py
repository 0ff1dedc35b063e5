"""Who may ask: each row is one request, and why it is refused."""

import base64

import pytest

from Heatmap.server.access import Access, Asker

TOKEN = "a-token-of-the-tests-4711"  # noqa: S105 - made up
LOCAL = Access("127.0.0.1", frozenset({"charts.example.net"}), frozenset({"https://page.example"}))
REMOTE = Access("0.0.0.0", frozenset({"charts.example.net"}), token=TOKEN)  # noqa: S104


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def status(
    access: Access,
    hosts: list[str],
    origins: list[str] | None = None,
    given: list[str] | None = None,
) -> int | None:
    refusal = access.refusal(Asker(hosts, origins or [], given or []))
    return None if refusal is None else refusal.status


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.0.0.1", "charts.example.net"],
)
def test_a_server_on_loopback_answers_to_its_own_names(host: str) -> None:
    assert status(LOCAL, [host]) is None


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["127.0.0.1.evil.example"],
        ["localhost.evil.example:8000"],
        ["192.168.1.7:8000"],
        ["user@127.0.0.1"],
        [""],
        [],
        ["127.0.0.1", "evil.example"],
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(hosts: list[str]) -> None:
    assert status(LOCAL, hosts) == 421


def test_off_loopback_an_address_is_fine_and_a_foreign_name_is_not() -> None:
    right = [f"Bearer {TOKEN}"]
    assert status(REMOTE, ["192.168.1.7:8000"], given=right) is None
    assert status(REMOTE, ["charts.example.net:8000"], given=right) is None
    assert status(REMOTE, ["evil.example:8000"], given=right) == 421


def test_pages_of_the_server_and_of_given_origins_may_ask_and_no_others() -> None:
    host = ["127.0.0.1:8000"]
    assert status(LOCAL, host, ["http://127.0.0.1:8000"]) is None
    assert status(LOCAL, host, ["https://page.example"]) is None
    for foreign in ("http://evil.example", "null", "http://127.0.0.1:9", "https://page.example:8"):
        assert status(LOCAL, host, [foreign]) == 403
    assert status(LOCAL, host, ["https://page.example", "http://127.0.0.1:8000"]) == 403


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", basic(f"me:{TOKEN}")])
def test_the_token_is_taken_as_bearer_or_as_a_password(given: str) -> None:
    assert status(REMOTE, ["10.0.0.1"], given=[given]) is None


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["Bearer"],
        [f"Bearer {TOKEN}x"],
        [TOKEN],
        [f"Token {TOKEN}"],
        [basic(TOKEN)],
        ["Basic \xff%%%"],
        [basic(f"{TOKEN}:other")],
        [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
    ],
)
def test_anything_else_is_no_token(given: list[str]) -> None:
    assert status(REMOTE, ["10.0.0.1"], given=given) == 401
