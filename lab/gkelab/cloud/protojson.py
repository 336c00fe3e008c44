# SPDX-License-Identifier: Apache-2.0
"""JSON in and out by Google's own proto types, refused in the words of Google's front end (ESF).

json_format stops at the first error; the front end lists all of them, so the payload is checked against the
descriptor first and converted afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Protocol

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from gkelab.cloud import invented
from gkelab.cloud.errors import ApiError, Json

INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
}
INTEGER_NAMES = {
    FieldDescriptor.CPPTYPE_INT32: "TYPE_INT32",
    FieldDescriptor.CPPTYPE_INT64: "TYPE_INT64",
    FieldDescriptor.CPPTYPE_UINT32: "TYPE_UINT32",
    FieldDescriptor.CPPTYPE_UINT64: "TYPE_UINT64",
}
# Messages whose JSON form is not an object of their fields.
SCALAR_MESSAGES = re.compile(r"google\.protobuf\.(Timestamp|Duration|FieldMask|Any|Struct|Value|ListValue|\w+Value)$")


class ProtoPlus(Protocol):
    """A message class of a Google client library."""

    def pb(self) -> Any:
        """Return the plain protobuf class behind it."""


class Problem:
    """One thing wrong with a payload: the text, and the field it is about (for BadRequest details)."""

    def __init__(self, text: str, field: str, *, unknown: bool = False) -> None:
        self.text = text
        self.field = field
        self.unknown = unknown


def parse(body: object, kind: ProtoPlus, *, root: str = "") -> Json:
    """Return ``body`` in canonical proto JSON (camelCase, enum names, 64 bit integers as strings, no nulls).

    ``kind`` is the message class, ``root`` what paths in error texts begin with ("resource" for Compute).
    """
    message: Message = kind.pb()()
    if body is None:
        body = {}
    problems = list(_problems(body, kind.pb().DESCRIPTOR, root))
    if problems:
        raise _refusal(problems)
    try:
        json_format.ParseDict(body, message)
    except json_format.ParseError as error:
        # The forms of durations, times and bytes.
        raise ApiError(400, "invalid", invented.BAD_JSON_FORM.format(error=error), domain=None) from error
    canonical: Json = json_format.MessageToDict(message)
    return canonical


def render(body: Json, kind: ProtoPlus, *, enums_as_integers: bool = False) -> Json:
    """Return what ``kind`` knows of ``body``; a client that asks for it gets enums as integers."""
    message: Message = kind.pb()()
    json_format.ParseDict(body, message, ignore_unknown_fields=True)
    rendered: Json = json_format.MessageToDict(message, use_integers_for_enums=enums_as_integers)
    return rendered


def is_object(field: FieldDescriptor) -> bool:
    """Tell whether a field is one message whose JSON form is an object of its fields."""
    return field.message_type is not None and not field.is_repeated and not _is_scalar(field)


def _is_scalar(field: FieldDescriptor) -> bool:
    return SCALAR_MESSAGES.match(field.message_type.full_name) is not None


def _refusal(problems: list[Problem]) -> ApiError:
    text = "\n".join(problem.text for problem in problems)
    if not any(problem.unknown for problem in problems):
        return ApiError(400, "invalid", text, domain=None)
    violations = [{"field": problem.field, "description": problem.text} for problem in problems]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]
    return ApiError(400, "badRequest", text, details=details)


def _problems(value: object, descriptor: Descriptor, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(f"Invalid value at '{path}' (type.googleapis.com/{descriptor.full_name}), {_shown(value)}", path)
        return
    fields = {name: field for field in descriptor.fields for name in (field.name, field.json_name)}
    yield from _oneof_problems([fields[name] for name in value if name in fields and value[name] is not None], path)
    for name, inner in value.items():
        field = fields.get(name)
        if field is None:
            at = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
            yield Problem(text, path, unknown=True)
        elif inner is not None:
            yield from _field_problems(inner, field, f"{path}.{field.name}" if path else field.name)


def _oneof_problems(fields: list[FieldDescriptor], path: str) -> Iterator[Problem]:
    taken: set[str] = set()
    for field in fields:
        oneof = field.containing_oneof
        if oneof is None:
            continue
        if oneof.full_name in taken:
            text = f"oneof field '{oneof.name}' is already set. Cannot set '{field.json_name}'"
            yield Problem(f"Invalid value at '{path}' (oneof), {text}", path)
        taken.add(oneof.full_name)


def _field_problems(value: object, field: FieldDescriptor, path: str) -> Iterator[Problem]:
    if not field.is_repeated:
        yield from _value_problems(value, field, path)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        if not isinstance(value, dict):
            yield Problem(f"Invalid value at '{path}' (Map), {_shown(value)}", path)
            return
        for key, inner in value.items():
            yield from _value_problems(inner, field.message_type.fields_by_name["value"], f"{path}[{key}]")
    elif not isinstance(value, list):
        yield Problem(f"Invalid value at '{path}' ({_type_name(field)}), {_shown(value)}", path)
    else:
        for index, inner in enumerate(value):
            yield from _value_problems(inner, field, f"{path}[{index}]")


def _value_problems(value: object, field: FieldDescriptor, path: str) -> Iterator[Problem]:
    if field.message_type is not None:
        if not _is_scalar(field):
            yield from _problems(value, field.message_type, path)
    elif not _fits(value, field):
        yield Problem(f"Invalid value at '{path}' ({_type_name(field)}), {_shown(value)}", path)


def _fits(value: object, field: FieldDescriptor) -> bool:
    if field.enum_type is not None:
        return _is_enum_value(value, field.enum_type)
    if field.cpp_type in INTEGERS:
        return not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.0+)?", str(value)) is not None
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return isinstance(value, bool)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        choices = _string_enum(field)
        named = choices is None or (value in choices.values_by_name and not str(value).startswith("UNDEFINED_"))
        return isinstance(value, str) and named
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_enum_value(value: object, enum: EnumDescriptor) -> bool:
    if isinstance(value, str):
        return value in enum.values_by_name
    return isinstance(value, int) and value in enum.values_by_number


def _string_enum(field: FieldDescriptor) -> EnumDescriptor | None:
    """Return the enum of a Compute field: on the wire it is a string, its values are an enum nested in the message."""
    name = "".join(part.capitalize() for part in field.name.split("_"))
    if not field.containing_type.full_name.startswith("google.cloud.compute."):
        return None
    found: EnumDescriptor | None = field.containing_type.enum_types_by_name.get(name)
    return found


def _type_name(field: FieldDescriptor) -> str:
    enum = field.enum_type or (_string_enum(field) if field.cpp_type == FieldDescriptor.CPPTYPE_STRING else None)
    if enum is not None:
        return f"type.googleapis.com/{enum.full_name}"
    if field.message_type is not None:
        return f"type.googleapis.com/{field.message_type.full_name}"
    if field.cpp_type in INTEGERS:
        return INTEGER_NAMES[field.cpp_type]
    return "TYPE_BOOL" if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else "TYPE_STRING"


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)
