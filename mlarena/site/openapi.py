"""The OpenAPI document: what APIFlask reads off the views, completed by what holds for all of them.

The envelope, the errors every door can answer with, ids, and who may come in are the same everywhere, so
they are written once here and not in every view.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask

from mlarena.core.api import LARGEST_ID, PREFIX
from mlarena.core.problems import WORDS
from mlarena.site.shapes import DATA, FILES, SCHEMAS, Schema, ref

Document = dict[str, Any]

DESCRIPTION = f"""\
Everything a page can do, a script can do.

Get a token at `POST {PREFIX}/auth/login` (valid for minutes, with a refresh token), or make a personal \
token (`mla_…`) on the settings page, and send it as `Authorization: Bearer TOKEN`. A signed-in browser \
works too; what changes something then needs the header `X-CSRFToken`.

A success is `{{"status": "success", "data": …}}`, lists add `"meta"`. An error has the right HTTP status \
and is `{{"status": "error", "message": "…", "errors": {{field: […]}}}}`. Times are RFC 3339 in UTC. \
Unknown fields are an error.
"""

TAGS = {
    "Accounts": "Register, log in, tokens, profiles.",
    "Progress": "XP, levels, streaks and badges.",
    "Quests": "Train a model, upload it, see it scored.",
    "Challenges": "SQL, coding and quizzes: try, hand in, write your own.",
    "Cohorts": "Classes: join one, see what is due, read your grades.",
    "Cohorts, for instructors": "Lead a class: people, assignments, progress, gradebook.",
    "Console": "The submissions log, judging again, the audit log.",
    "Competitions": "Predictions on hidden answers, live boards, teams, ratings; write your own.",
    "Forecasts": "Football: matches, the house model's word, and your own until kick-off.",
    "Telegram": "Your Telegram account, linked to yours here.",
    "Reports": "What learners say is wrong with a task, and what was replied.",
    "Notifications": "What you were told, what you have read, what you want to be told.",
    "Activity": "What happens in the arena: solves, bests, badges, ends of competitions.",
    "Calendar": "The secret address of your calendar.",
    "Submissions": "What was handed in, and its verdict.",
    "Webhooks": "Have your own server told of events, signed.",
    "Leaderboards": "Who stands where.",
    "Search": "Tasks, people and pages by name.",
}

SECURITY_SCHEMES: dict[str, Schema] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A JWT access token, or a personal token `mla_…`",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "session",
        "description": "A signed-in browser; what changes something needs `X-CSRFToken` too",
    },
}
RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
}
BODY_METHODS = {"post", "put", "patch", "delete"}


def init_openapi(app: APIFlask) -> None:
    # The address of the first request must not be what everybody is told from then on.
    app.config["AUTO_SERVERS"] = False
    app.servers = [{"url": "/", "description": "This arena"}]
    app.description = DESCRIPTION
    app.security_schemes = SECURITY_SCHEMES
    app.config.update(
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_OPERATION_ID=True,
    )

    @app.spec_processor
    def completed(document: Document | str) -> Document:
        if isinstance(document, str):
            raise TypeError("the document is made as JSON; SPEC_FORMAT says otherwise")
        return complete(document)


def complete(document: Document) -> Document:
    """Fill in what holds for every operation."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    components["responses"] = {str(status): _error(status) for status in WORDS}
    document["tags"] = [
        {**tag, "description": TAGS[tag["name"]]} if tag["name"] in TAGS else tag
        for tag in document.get("tags", [])
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path.removeprefix(PREFIX), method, operation)
    return document


def _complete(path: str, method: str, operation: Document) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["schema"] = {"type": "integer", "minimum": 1, "maximum": LARGEST_ID}
    if "security" in operation:
        operation["security"] = [{"bearer": []}, {"session": []}]
    elif method == "get":
        # Open to anyone; who shows who they are sees what is theirs as well.
        operation["security"] = [{}, {"bearer": []}, {"session": []}]
    responses = operation["responses"]
    _describe_success(path, method, responses)
    for status in _possible_errors(path, method, operation):
        responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
    operation["responses"] = dict(sorted(responses.items()))


def _describe_success(path: str, method: str, responses: Document) -> None:
    """The envelope, with the shape of its `data` where api.md fixes one; examples stay."""
    status, shape = DATA.get((method.upper(), path), (200, {}))
    if status != 200 and "200" in responses and str(status) not in responses:
        # APIFlask supposes 200 where a view says nothing.
        responses[str(status)] = responses.pop("200")
    file_types = FILES.get((method.upper(), path))
    for code, said in responses.items():
        if not code.startswith("2"):
            continue
        if file_types:
            said["content"] = {kind: {"schema": _file(kind)} for kind in file_types}
        else:
            content = said.setdefault("content", {}).setdefault("application/json", {})
            content["schema"] = envelope(shape)


def _file(kind: str) -> Schema:
    return {"type": "object"} if kind.endswith("json") else {"type": "string"}


def envelope(shape: Schema) -> Schema:
    """`{"status": "success", "data": …}`, with `meta` where `data` is a page of a list."""
    fields: dict[str, Schema] = {"status": {"const": "success"}, "data": shape}
    required = ["status", "data"]
    if shape.get("type") == "array":
        fields["meta"] = ref("PageMeta")
        required.append("meta")
    return {"type": "object", "properties": fields, "required": required}


def _possible_errors(path: str, method: str, operation: Document) -> list[int]:
    """Which errors a door can answer with follows from what it takes."""
    takes_path = any(p["in"] == "path" for p in operation.get("parameters", []))
    takes_query = any(p["in"] == "query" for p in operation.get("parameters", []))
    found = [401, 429, 503]  # a bad token is refused also where none is needed
    if takes_path or takes_query or "requestBody" in operation:
        found.append(404)  # a query or a body may name what is not there, too
    if takes_query or "requestBody" in operation:
        found.append(422)
    if method in BODY_METHODS:
        found += [400, 403, 409, 413]
    elif {} not in operation.get("security", []):
        found.append(403)
    if "requestBody" in operation:
        found.append(415)
    return sorted(found)


def _error(status: int) -> Schema:
    response: Schema = {
        "description": WORDS[status],
        "content": {"application/json": {"schema": ref("Error")}},
    }
    if status in (429, 503):
        response["headers"] = RETRY_AFTER
    return response
