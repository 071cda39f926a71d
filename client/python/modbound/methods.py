"""One method per kind of job, made from the contract's descriptors."""

import inspect
import textwrap

from modbound import contract, submit


def add_methods(cls, make):
    """Gives `cls` one method per kind; make(kind) is its function."""
    for kind, descriptor in contract.kinds().items():
        function = make(kind)
        function.__name__ = kind
        function.__qualname__ = f"{cls.__name__}.{kind}"
        function.__module__ = cls.__module__
        function.__doc__ = _docstring(descriptor)
        function.__signature__ = _signature(descriptor)
        setattr(cls, kind, function)
    return cls


def _signature(descriptor):
    keyword = inspect.Parameter.KEYWORD_ONLY
    names = [field.name for field in descriptor.fields] + list(
        submit.JOB_KEYWORDS)
    return inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)] +
        [inspect.Parameter(name, keyword, default=None) for name in names] +
        [inspect.Parameter("inputs", inspect.Parameter.VAR_KEYWORD)])


def _docstring(descriptor):
    lines = textwrap.wrap(contract.comment(descriptor.full_name), 76)
    lines += ["", "Spec fields:"]
    for field in descriptor.fields:
        lines += _field_lines(field, "  ")
    lines += [
        "", "Inputs are keywords too: numpy arrays, files (\"x.npy\", "
        "\"x.mat:VARIABLE\",", "help(modbound.file)), handles (their output of "
        "the same name),", "handle[\"output\"], artifacts, \"JOB/OUTPUT\", and "
        "for a group such as", "network a handle or a dict of its members.",
        "job_labels (or labels, a dict of strings), priority, deadline "
        "(datetime),", "max_run_time (seconds), no_cache (run it even if an "
        "equal job has the", "result already), pinned (retention leaves it) and "
        "request_id belong", "to the job."
    ]
    return "\n".join(lines)


def _field_lines(field, indent):
    text = f"{field.name}: {_type_text(field)}. "
    text += contract.comment(field.full_name) + _rule_text(field)
    lines = textwrap.wrap(text, 76, initial_indent=indent,
                          subsequent_indent=indent + "    ")
    if field.message_type is not None:
        for child in field.message_type.fields:
            lines += _field_lines(child, indent + "  ")
    return lines


def _rule_text(field):
    rule = contract.rule(field)
    bounds = [f"{sign} {getattr(rule, name):g}" for name, sign in (
        ("at_least", ">="), ("above", ">"), ("at_most", "<="), ("below", "<"))
        if rule.HasField(name)]
    parts = []
    if rule.required:
        parts.append("required")
    if rule.default_value:
        parts.append(f"default {rule.default_value}")
    if bounds:
        parts.append(", ".join(bounds))
    if rule.unit:
        parts.append(rule.unit)
    return f" [{'; '.join(parts)}]" if parts else ""


def _type_text(field):
    if field.enum_type is not None:
        text = "|".join(word.name for word in field.enum_type.values
                        if word.number)
    elif field.message_type is not None:
        text = "dict"
    else:
        text = {field.CPPTYPE_BOOL: "bool", field.CPPTYPE_STRING: "str",
                field.CPPTYPE_DOUBLE: "float"}.get(field.cpp_type, "int")
    return f"list of {text}" if contract.is_repeated(field) else text
