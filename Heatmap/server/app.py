"""The application: routes, errors, the OpenAPI document."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from Heatmap._version import __version__
from Heatmap.server import pages, texts
from Heatmap.server.context import ServerContext
from Heatmap.server.parameters import refuse_unknown
from Heatmap.server.problems import add_handlers
from Heatmap.server.routes import (
    chart_routes,
    health_routes,
    level_routes,
    margin_routes,
    record_routes,
    stream_routes,
)
from Heatmap.server.shapes import Problem

#: Each has a subject; a new route is a function in one of them, or a module and a row here.
ROUTERS = (
    health_routes.router,
    level_routes.router,
    record_routes.router,
    margin_routes.router,
)


def make_app(context: ServerContext) -> FastAPI:
    """Return the application of one server.

    Parameters
    ----------
    context
        What its routes share; whoever made it closes it.
    """
    app = FastAPI(
        title="Heatmap",
        version=__version__,
        description=texts.OPENAPI_DESCRIPTION,
        # The pages of FastAPI load scripts from another host.
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(refuse_unknown)])
    app.include_router(stream_routes.router)
    app.include_router(chart_routes.router)
    app.include_router(pages.make_router())
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    # Made now: the first request needs it.
    app.openapi()
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document: bad parameters are told as problems, with 400 and not 422."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        for operations in made["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        schemas = made["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = Problem.model_json_schema()
        app.openapi_schema = made
    return app.openapi_schema
