"""The OpenAPI document is valid and true, and the pages need no other host."""

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from Heatmap.tests.served_market import Served, served_market

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_document_is_valid_and_names_every_route(world: Served) -> None:
    document = world.get("/openapi.json")
    assert document["openapi"].startswith("3.1")
    validate(document)
    assert len(document["paths"]) >= 11
    for path, operations in document["paths"].items():
        answers = operations["get"]["responses"]
        assert {"200", "400", "401", "403", "421", "503"} <= set(answers), path
        assert "422" not in answers


def test_pages_load_nothing_from_another_host(world: Served) -> None:
    names = []
    for path in ("/", "/docs"):
        answer = world.client.get(path)
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        names += [one.split('"')[1] for one in answer.text.split("src=")[1:]]
        names += [one.split('"')[1] for one in answer.text.split("href=")[1:]]
    assert len(names) > 6
    for name in names:
        assert name.startswith(("/", "data:,")), name
        if name.startswith("/"):
            file = world.client.get(name)
            assert file.status_code == 200
            assert "://" not in file.text
    for name in ("/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/app.py", "/static/"):
        assert world.client.get(name).status_code == 404


def test_whatever_is_asked_is_answered_as_the_document_says(tmp_path: Path) -> None:
    # A small one: each answer is held to its shape.
    with served_market(tmp_path, minutes=40) as small:
        _ask_everything(small)


def _ask_everything(world: Served) -> None:
    document = world.get("/openapi.json")
    # A stream has no end.
    del document["paths"]["/stream"]
    schema = schemathesis.openapi.from_dict(document)
    asked = []

    def ask(case: schemathesis.Case) -> None:
        response = case.call(base_url=world.server.url)
        asked.append((case.path, response.status_code))
        # Without any candle there is no price: that is an answer of the document too.
        checks = [
            one for one in CHECKS if one is not not_a_server_error or response.status_code != 503
        ]
        case.validate_response(response, checks=checks)

    limits = settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or operation.query:
                strategy = operation.as_strategy(generation_mode=mode)
                limits(given(case=strategy)(ask))()
    assert len({path for path, _ in asked}) == len(document["paths"])
    assert {200, 400} <= {status for _, status in asked}
