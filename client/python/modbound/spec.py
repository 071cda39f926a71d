"""Keyword arguments to spec messages."""

import difflib

import numpy

from google.protobuf.descriptor import FieldDescriptor

from modbound import contract, errors

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: "a whole number of 32 bits",
    FieldDescriptor.CPPTYPE_INT64: "a whole number of 64 bits",
    FieldDescriptor.CPPTYPE_UINT32: "a whole number >= 0 of 32 bits",
    FieldDescriptor.CPPTYPE_UINT64: "a whole number >= 0 of 64 bits",
}
_TYPE_NAMES = {
    **_INTEGERS,
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
    FieldDescriptor.CPPTYPE_ENUM: "a word of the enum",
    FieldDescriptor.CPPTYPE_STRING: "a string",
}


def fill(message, values, path):
    """Sets fields of `message` from a dict; None leaves a field unset.

    A message field takes a dict, or a string when it has an enum field "name":
    task="GO_NOGO" is task={"name": "GO_NOGO"}. Raises InvalidArgument.
    """
    fields = message.DESCRIPTOR.fields_by_name
    for name, value in values.items():
        if name not in fields:
            raise unknown(name, fields, path)
        if value is not None:
            set_field(message, fields[name], value, f"{path}.{name}")


def unknown(name, known, path):
    """The error for a name that `path` does not have."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    if not near:
        hint = f"; there are: {', '.join(known) or 'none'}"
    return errors.InvalidArgument(f'{path} has no "{name}"{hint}',
                                  "UNKNOWN_FIELD", f"{path}.{name}")


def set_field(message, field, value, path):
    """Sets one field; errors name it `path`."""
    if contract.is_repeated(field):
        if isinstance(value, (str, bytes, dict)) or not hasattr(
                value, "__iter__"):
            raise _wrong(path, value, "a list")
        target = getattr(message, field.name)
        for item in value:
            if field.message_type is not None:
                fill(target.add(), _as_dict(field, item, path), path)
            else:
                _assign(field, path, item, target.append)
    elif field.message_type is not None:
        child = getattr(message, field.name)
        child.SetInParent()
        fill(child, _as_dict(field, value, path), path)
    else:
        _assign(field, path, value,
                lambda scalar: setattr(message, field.name, scalar))


def _as_dict(field, value, path):
    if isinstance(value, dict):
        return value
    name = field.message_type.fields_by_name.get("name")
    if isinstance(value, str) and name is not None and name.enum_type:
        return {"name": value}
    raise _wrong(path, value, "a dict")


def _scalar(field, value, path):
    if isinstance(value, (numpy.generic, numpy.ndarray)) and value.ndim == 0:
        value = value.item()
    if field.enum_type is not None and isinstance(value, str):
        words = [word.name for word in field.enum_type.values if word.number]
        if value not in words:
            raise _wrong(path, value, " or ".join(words))
        return field.enum_type.values_by_name[value].number
    # Python's True is the number 1; in a spec the two are different things.
    if isinstance(value, bool) != (field.type == field.TYPE_BOOL):
        raise _wrong(path, value, _TYPE_NAMES[field.cpp_type])
    if (field.cpp_type in _INTEGERS and isinstance(value, float) and
            value.is_integer()):
        return int(value)
    return value


def _assign(field, path, value, set_it):
    scalar = _scalar(field, value, path)
    try:
        set_it(scalar)
    except (TypeError, ValueError):
        raise _wrong(path, value, _TYPE_NAMES[field.cpp_type]) from None


def _wrong(path, value, allowed):
    return errors.InvalidArgument(f"{path} is {value!r}; allowed: {allowed}",
                                  "OUT_OF_RANGE", path)
