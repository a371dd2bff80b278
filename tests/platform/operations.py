"""Every operation of every service, read from OpenAPI, so that a new route cannot be forgotten by a test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from services.launcher.documents import unconnected_app
from services.schemas.directory import SERVICES

METHODS = ("get", "put", "post", "delete", "patch")


@dataclass(frozen=True)
class Operation:
    """One operation as its document describes it."""

    service: str
    method: str
    path: str
    document: dict[str, Any]
    schemas: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(
            scope for need in self.document.get("security", []) for scope in need.get("bearer", [])
        )

    @property
    def is_public(self) -> bool:
        return not self.document.get("security")

    @property
    def path_parameters(self) -> list[dict[str, Any]]:
        return [each for each in self.document.get("parameters", []) if each["in"] == "path"]

    @property
    def takes_json(self) -> bool:
        return "application/json" in self.document.get("requestBody", {}).get("content", {})

    def body_example(self) -> Any:
        """The first example of the JSON body, or None where there is no body."""
        return next(iter(self.body_examples()), None)

    def body_examples(self) -> list[Any]:
        """The examples of the JSON body: those of the operation, else those of its schema."""
        media = self.document.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "examples" in media:
            return [each["value"] for each in media["examples"].values()]
        schema = media.get("schema", {})
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return list(schema.get("examples", []))


def operations_of(apps: dict[str, FastAPI]) -> Iterator[Operation]:
    """All operations of the apps, by their OpenAPI documents."""
    for name, app in apps.items():
        document = app.openapi()
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(name, method, path, item[method], document["components"]["schemas"])


OPERATIONS = list(operations_of({each.name: unconnected_app(key) for key, each in SERVICES.items()}))
