"""Describes the service in OpenAPI 3.1, from the same pydantic models that read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from finetune import __version__
from finetune.serving.schema import Answered, ModelList, Reason

if TYPE_CHECKING:
    from finetune.serving.schema import Asked

REFUSALS = {
    404: "No model of this name.",
    408: "The body did not arrive in time.",
    413: "The body, a text or their number is over the limit.",
    415: "The body is not declared as JSON.",
    422: "The body is not what is described here.",
    431: "The head of the request is over the limit.",
    500: "The model failed on a text that it should have answered.",
    503: "Too many texts wait; Retry-After says when to try again, in seconds.",
}
ABOUT = "Texts in, answers out: labels with their probabilities, or entities with their places."


def describe(request: type[Asked], *, keyed: bool) -> dict[str, Any]:
    """Write the whole description; keyed says whether callers need an API key."""
    _, schemas = models_json_schema(
        [(request, "validation"), *((one, "serialization") for one in (Answered, ModelList, Reason))],
        ref_template="#/components/schemas/{model}",
    )
    components = {"schemas": schemas["$defs"]}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "finetune serve", "version": __version__, "description": ABOUT},
        "paths": paths(request.__name__, keyed=keyed),
        "components": components,
    }
    if keyed:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return document


def paths(request: str, *, keyed: bool) -> dict[str, Any]:
    """List the routes that a program calls."""
    by_name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    no_key = reasons({401: "The API key is missing or wrong."}) if keyed else {}
    locked: dict[str, Any] = {"security": [{"key": []}]} if keyed else {}
    predict: dict[str, Any] = {
        "requestBody": {"required": True, "content": json_of(request)},
        "responses": {"200": answer("An answer for each text.", "Answered"), **no_key, **reasons(REFUSALS)},
        **locked,
    }
    listed: dict[str, Any] = {"responses": {"200": answer("All of them.", "ModelList"), **no_key}, **locked}
    alive = {"200": answer("It does.", None)}
    ready = {
        "200": answer("All models are loaded.", None),
        "503": answer("The service stops, or a model answers nothing.", None),
    }
    return {
        "/v1/predict": {"post": {"summary": "Label texts, or find their entities", **predict}},
        "/v1/models/{name}/predict": {
            "post": {"summary": "The same, for the model in the address", "parameters": [by_name], **predict}
        },
        "/v1/models": {"get": {"summary": "Which models are served", **listed}},
        "/health/live": {"get": {"summary": "Does the process run", "responses": alive}},
        "/health/ready": {"get": {"summary": "Should it get requests", "responses": ready}},
    }


def answer(what: str, schema: str | None) -> dict[str, Any]:
    """Describe one response."""
    return {"description": what, **({"content": json_of(schema)} if schema else {})}


def reasons(statuses: dict[int, str]) -> dict[str, Any]:
    """Describe the refusals."""
    return {str(status): answer(what, "Reason") for status, what in statuses.items()}


def json_of(schema: str) -> dict[str, Any]:
    """Point to a schema."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
