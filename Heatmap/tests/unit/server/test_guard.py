"""Foreign hosts, foreign pages and askers without the token get nothing."""

from typing import Any

import httpx

from Heatmap.server import ServerOptions
from Heatmap.tests.redis_server import wait_until
from Heatmap.tests.served_market import Served, served_database


def test_foreign_hosts_and_origins_are_refused_and_nothing_else(world: Served) -> None:
    port = world.server.url.rpartition(":")[2]
    asked = [
        ({"host": "evil.example"}, 421),
        ({"host": f"evil.example:{port}"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"http://127.0.0.1:{port}"}, 200),
        ({"host": f"localhost:{port}"}, 200),
    ]
    for headers, status in asked:
        for path in ("/health", "/docs", "/openapi.json"):
            answer = world.client.get(path, headers=headers)
            assert answer.status_code == status, (path, headers)
            assert answer.headers.get("access-control-allow-origin") is None
            if status != 200:
                assert answer.headers["content-type"] == "application/problem+json"


def test_an_origin_that_was_given_may_read_the_answers(world: Served) -> None:
    options = ServerOptions(origins=("https://page.example",))
    with served_database(world.database, world.now_ms, options=options) as served:
        origin = {"origin": "https://page.example"}
        answer = served.client.get("/brackets", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://page.example"
        asked = {**origin, "access-control-request-method": "GET"}
        before = served.client.options("/brackets", headers=asked)
        assert (before.status_code, before.content) == (204, b"")
        assert "Authorization" in before.headers["access-control-allow-headers"]
        assert served.client.get("/brackets", headers={"origin": "https://x.example"}).is_error


def test_head_is_answered_as_get_without_the_body_and_a_stream_has_an_end(world: Served) -> None:
    for path in ("/health", "/docs", "/static/docs.js", "/liquidations/history", "/stream"):
        answer = world.client.head(path)
        assert (answer.status_code, answer.content) == (200, b""), path
        if path != "/stream":
            given = world.client.get(path).headers
            for name in ("content-type", "content-security-policy", "etag"):
                assert answer.headers.get(name) == given.get(name)
    assert world.client.head("/nowhere").status_code == 404
    assert world.client.post("/health").headers["allow"] == "GET, HEAD"
    run: Any = world.server._run
    wait_until(lambda: run._context.open_ends == 0)


def test_off_loopback_nothing_is_answered_without_the_token(world: Served) -> None:
    address = "0.0.0.0:0"
    with served_database(world.database, world.now_ms, address) as served:
        port = served.server.url.rpartition(":")[2]
        path = served.server.token_file
        assert path == world.database.with_name("heatmap-token")
        token = path.read_text().strip()
        url = f"http://127.0.0.1:{port}"
        for route in ("/health", "/stream", "/docs", "/openapi.json", "/static/docs.js", "/nope"):
            refused = httpx.get(f"{url}{route}")
            assert refused.status_code == 401
            assert "Basic" in refused.headers["www-authenticate"]
            assert token not in refused.text
            assert httpx.get(f"{url}{route}?token={token}").status_code == 401
        given = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}/health", headers=given).status_code == 200
        assert httpx.get(f"{url}/docs", auth=("me", token)).status_code == 200
