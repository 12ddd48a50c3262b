"""``/docs``: the OpenAPI document as a plain page, without scripts and without a request to any other site."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

from fracturelens import DISCLAIMER

STYLE = Path(__file__).with_name("reference.css")

Document = dict[str, Any]


def add_to(app: FastAPI) -> None:
    """Add the page and its style sheet to an app."""

    @cache
    def page() -> str:
        return render(app.openapi())

    @app.get("/docs", include_in_schema=False)
    def get_reference() -> Response:
        return HTMLResponse(page())

    @app.get("/docs/reference.css", include_in_schema=False)
    def get_style() -> Response:
        return Response(STYLE.read_bytes(), media_type="text/css")


def render(document: Document) -> str:
    """Return the page for an OpenAPI document."""
    info = document["info"]
    title = f"{escape(info['title'])} {escape(info['version'])}: HTTP API"
    return "\n".join(
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="stylesheet" href="/docs/reference.css"></head><body><main>',
            f"<h1>{title}</h1><p><strong>{escape(DISCLAIMER)}</strong></p>",
            '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>',
            *_operations(document),
            "<h2>Data</h2>",
            *_schemas(document),
            "</main></body></html>",
        )
    )


def _operations(document: Document) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p><strong>{escape(operation['summary'])}.</strong> {escape(operation.get('description', ''))}</p>"
            parameters = operation.get("parameters", [])
            if parameters:
                yield _table(
                    ("Parameter", "In", "Value", ""),
                    (
                        (
                            f"<code>{escape(parameter['name'])}</code>",
                            parameter["in"],
                            _type(parameter["schema"]),
                            escape(parameter.get("description", "")),
                        )
                        for parameter in parameters
                    ),
                )
            if body := operation.get("requestBody"):
                kinds = (
                    f"<code>{escape(kind)}</code> {_type(part['schema'])}" for kind, part in body["content"].items()
                )
                yield f"<p>Body: {'; '.join(kinds)}.</p>"
            yield _table(
                ("Status", "Content", ""),
                (
                    (status, _content(answer), _marked(answer["description"]))
                    for status, answer in operation["responses"].items()
                ),
            )
            yield "</section>"


def _schemas(document: Document) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield f'<section><h3 id="{escape(name)}">{escape(name)}</h3><p>{_marked(schema.get("description", ""))}</p>'
        if properties := schema.get("properties"):
            yield _table(
                ("Field", "Value", ""),
                (
                    (f"<code>{escape(field)}</code>", _type(part), _marked(part.get("description", "")))
                    for field, part in properties.items()
                ),
            )
        else:
            yield f"<p>{_type(schema)}</p>"
        yield "</section>"


def _content(answer: Document) -> str:
    return "; ".join(f"{_type(part['schema'])}" for part in answer.get("content", {}).values() if part.get("schema"))


def _type(schema: Document) -> str:
    """Say in a few words what a schema allows."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("enum"):
        words = " | ".join(f"<code>{escape(str(choice))}</code>" for choice in choices)
    elif "const" in schema:
        words = f"<code>{escape(str(schema['const']))}</code>"
    elif alternatives := schema.get("anyOf") or schema.get("allOf"):
        words = " | ".join(map(_type, alternatives))
    elif schema.get("type") == "array":
        items = schema.get("items") or {"anyOf": schema.get("prefixItems", [])}
        words = f"list of {_type(items)}"
    elif "additionalProperties" in schema and isinstance(schema["additionalProperties"], dict):
        words = f"object of {_type(schema['additionalProperties'])}"
    else:
        words = escape(" ".join(filter(None, (schema.get("type", "any"), schema.get("format")))))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        words += f" from {low:g} to {high:g}"
    if isinstance(schema.get("default"), str | int | float):
        words += f", default <code>{escape(str(schema['default']))}</code>"
    return words


def _marked(text: str) -> str:
    """Escape a text, with `back-quoted` words as code."""
    return "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in enumerate(escape(text).split("`")))


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"
