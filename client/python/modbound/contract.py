"""The contract: messages, methods and comments of proto/modbound/v1.

Read from contract.binpb, a descriptor set with comments that the build of the
server writes beside this file. No generated code: a new kind of analysis needs
no change here. The descriptors live in a pool of their own, so that other
packages' definitions of google.rpc never clash with ours.
"""

import collections
import functools
import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Method = collections.namedtuple("Method", "path request reply")

PACKAGE = "modbound.v1"


def _read_files():
    path = os.path.join(os.path.dirname(__file__), "contract.binpb")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ImportError(
            f"modbound needs its contract, {path}, which the build of the "
            "server writes: run deploy/build.sh in the source folder"
        ) from error
    return descriptor_pb2.FileDescriptorSet.FromString(data).file


_files = {file.name: file for file in _read_files()}
_pool = descriptor_pool.DescriptorPool()
for _file in _files.values():
    _pool.AddSerializedFile(_file.SerializeToString())

if hasattr(message_factory, "GetMessageClass"):
    _class_of = message_factory.GetMessageClass
else:
    _class_of = message_factory.MessageFactory(_pool).GetPrototype


@functools.lru_cache(maxsize=None)
def message(name):
    """The class of a message: message("Job"), message("google.rpc.Status")."""
    if "." not in name or name.split(".")[0][0].isupper():
        name = f"{PACKAGE}.{name}"
    return _class_of(_pool.FindMessageTypeByName(name))


@functools.lru_cache(maxsize=None)
def method(name):
    """A method of a service: method("JobService.SubmitJob")."""
    service_name, method_name = name.split(".")
    service = _pool.FindServiceByName(f"{PACKAGE}.{service_name}")
    found = service.methods_by_name[method_name]
    return Method(f"/{service.full_name}/{method_name}",
                  _class_of(found.input_type), _class_of(found.output_type))


def is_repeated(field):
    """Whether a field is a list or a map."""
    if hasattr(type(field), "is_repeated"):
        return field.is_repeated
    return field.label == field.LABEL_REPEATED


def enum_name(enum, number):
    """The word of an enum's number; the number when there is none."""
    value = enum.values_by_number.get(number)
    return value.name if value else number


def state_name(number):
    """The word of a job's state."""
    return enum_name(message("JobState").DESCRIPTOR.enum_types_by_name["State"],
                     number)


def kinds():
    """Kind -> descriptor of its spec message, in the order of Spec."""
    return {field.name: field.message_type
            for field in message("Spec").DESCRIPTOR.fields}


def rule(field):
    """The FieldRule message of a spec field: default, range, unit."""
    # Options come as a class that does not know our extension: parse them anew.
    options = message("google.protobuf.FieldOptions").FromString(
        field.GetOptions().SerializeToString())
    return options.Extensions[_pool.FindExtensionByName(f"{PACKAGE}.rule")]


def comment(full_name):
    """The comment above a message, field, method or enum value."""
    return _comments().get(full_name, "")


@functools.lru_cache(maxsize=None)
def _comments():
    comments = {}
    for file in _files.values():
        for location in file.source_code_info.location:
            name = _name_at(file, location.path)
            if name and location.leading_comments:
                lines = location.leading_comments.splitlines()
                comments[name] = " ".join(line.strip() for line in lines)
    return comments


def _name_at(file, path):
    """Full name of what a source location's path leads to."""
    names = [file.package]
    node = file
    for field_number, index in zip(path[::2], path[1::2]):
        field = node.DESCRIPTOR.fields_by_number[field_number]
        children = getattr(node, field.name)
        if not is_repeated(field):
            return None
        node = children[index]
        if not hasattr(node, "name"):
            return None
        names.append(node.name)
    return ".".join(names) if len(path) % 2 == 0 else None
