"""What the clients have in common: they are told on standard input what to do, and print what came of it, as JSON.

The input is `{"api_key", "calls": [{"base_url", "do", "with"}]}`: `do` names an operation, `with` has its arguments. For
each call the output has

* `type` and `value`: the class of the object that the client returned, and the object;
* `events` instead of `value`, if it returned a stream;
* `error`, if it raised an exception; with `events`, what came before.
"""

import json
import sys

from pydantic import BaseModel

# What the exceptions of the clients have for those who catch them.
ATTRIBUTES = ["message", "status_code", "code", "status", "type", "body", "details", "request_id"]


class Note(BaseModel):
    """What structured answers are parsed into."""

    text: str


def plain(value):
    """`value` as what JSON knows."""
    if isinstance(value, BaseModel):
        members = value.model_dump(mode="json", exclude_unset=True, warnings=False)
        # What one of the clients adds about the connection.
        members.pop("sdk_http_response", None)
        return members
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def describe(error):
    known = {name: getattr(error, name, None) for name in ATTRIBUTES}
    known["class"] = type(error).__name__
    known["text"] = str(error)
    response = getattr(error, "response", None)
    if response is not None:
        known["retry_after"] = response.headers.get("retry-after")
    return known


def attempt(operation, client, arguments):
    outcome = {}
    try:
        result = operation(client, **arguments)
        # Without the parameters of a generic class.
        outcome["type"] = type(result).__name__.split("[")[0]
        if hasattr(result, "__next__"):
            outcome["events"] = []
            for event in result:
                outcome["events"].append(plain(event))
        else:
            outcome["value"] = plain(result)
    except Exception as error:
        outcome["error"] = describe(error)
    return outcome


def main(connect, *operations):
    """Does what standard input says, with clients that `connect(base_url, api_key)` makes."""
    known = {operation.__name__: operation for operation in operations}
    job = json.load(sys.stdin)
    clients = {}
    outcomes = []
    for call in job["calls"]:
        base_url = call["base_url"]
        if base_url not in clients:
            clients[base_url] = connect(base_url, job["api_key"])
        outcomes.append(attempt(known[call["do"]], clients[base_url], call["with"]))
    json.dump(outcomes, sys.stdout)
