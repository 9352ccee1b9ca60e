"""The service's description of itself, and whether answers are as it says."""
import json
import re

import jsonschema

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


class Description:
    """An OpenAPI 3.1 document; its schemas are read strictly: what they do not name must not come."""

    def __init__(self, document: dict):
        self.document = document
        self.strict = _strict(document)
        self.seen: set[str] = set()
        self.operations = {}
        for path, item in self.strict["paths"].items():
            for address in [path, *item.get("x-also", [])]:
                for method in METHODS:
                    if method in item:
                        self.operations[method, address] = item[method]

    def find(self, method: str, path: str) -> dict:
        """The operation that a path leads to: of several that fit, the one with the fewest places to fill in."""
        path = path.partition("?")[0]
        fitting = [(address.count("{"), address) for verb, address in self.operations
                   if verb == method.lower() and _pattern(address).fullmatch(path)]
        assert fitting, f"{method} {path} is not described"
        return self.operations[method.lower(), min(fitting)[1]]

    def check(self, method: str, path: str, answer) -> None:
        """An answer's status, type, headers and JSON are among those that are described."""
        operation = self.find(method, path)
        self.seen.add(operation["operationId"])
        place = f"{method} {path} ({operation['operationId']}): {answer}"
        described = self._resolved(operation["responses"].get(str(answer.status)))
        assert described, f"{answer.status} is not described: {place}"
        for name, header in described.get("headers", {}).items():
            assert name in answer.headers or not self._resolved(header).get("required"), f"no {name}: {place}"
        contents = described.get("content", {})
        if not answer.body:
            return
        kind = (answer.headers["Content-Type"] or "").partition(";")[0]
        content = contents.get(kind, contents.get("*/*"))
        assert content is not None, f"{kind} is not described: {place}"
        if kind.endswith("json") and "schema" in content:
            self._validate(content["schema"], json.loads(answer.body), place)

    def check_value(self, name: str, value) -> None:
        """A value is as the schema of that name says."""
        self._validate({"$ref": f"#/components/schemas/{name}"}, value, f"{name}: {value}")

    def _validate(self, schema: dict, value, place: str) -> None:
        whole = {**schema, "components": self.strict["components"]}
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        for error in jsonschema.Draft202012Validator(whole, format_checker=checker).iter_errors(value):
            raise AssertionError(f"{error.json_path}: {error.message}\n{place}")

    def _resolved(self, thing):
        while thing and "$ref" in thing:
            place = self.strict
            for key in thing["$ref"].split("/")[1:]:
                place = place[key]
            thing = place
        return thing


def _pattern(address: str) -> re.Pattern:
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part)
                              for part in re.split(r"(\{\w+\})", address)))


def _strict(thing):
    """The document with every object closed that lists its members and does not say what else may come."""
    if isinstance(thing, list):
        return [_strict(item) for item in thing]
    if not isinstance(thing, dict):
        return thing
    made = {key: _strict(value) for key, value in thing.items()}
    if thing.get("type") == "object" and isinstance(thing.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made
