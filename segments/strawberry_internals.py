"""The one place that touches what Strawberry and graphql-core keep to themselves; versions are pinned, a test watches.

- Strawberry stores the definition behind a graphql-core element in `extensions["strawberry-definition"]`.
- `strawberry.Schema._schema` is the graphql-core schema.
- graphql-core caches `fields`, `interfaces` and `types` of a type beside `_fields`, `_interfaces` and `_types`.
- A field's `base_resolver` keeps its parameters' annotations in `strawberry_annotations`.
- `graphql.execution.collect_fields` says which root fields a request runs; it is for graphql-core's own use.
- Strawberry's subclass of `GraphQLEnumType` is lost by graphql-core's own copying, and with it enum serialisation.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from graphql import FieldNode, GraphQLEnumType, GraphQLSchema, GraphQLUnionType, OperationDefinitionNode
from graphql.execution.collect_fields import FragmentDetails, collect_fields
from strawberry import Schema
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

T = TypeVar("T")
BACKREF = "strawberry-definition"


def definition(element: Any) -> Any:
    """Strawberry's definition of a graphql-core element, or None for elements of graphql-core's own."""
    return element.extensions.get(BACKREF)


def definition_of(cls: Any) -> Any:
    """Strawberry's definition of a decorated Python class."""
    return cls.__strawberry_definition__


def origin(element: Any) -> type | None:
    """The Python class an object, interface or input type was declared by."""
    return getattr(definition(element), "origin", None)


def written_docstring(element: Any) -> str | None:
    """The docstring somebody wrote on the class of a type; dataclasses and enums make one up where there is none."""
    found = definition(element)
    cls = getattr(found, "origin", None) or getattr(found, "wrapped_cls", None)
    written = getattr(cls, "__doc__", None)
    if cls is None or not written or written.startswith((f"{cls.__name__}(", "An enumeration", "Create a collection")):
        return None
    return inspect.cleandoc(written)


def python_name(element: Any, default: str = "") -> str:
    """The Python name of a field or argument."""
    return cast("str", getattr(definition(element), "python_name", default))


def enum_members(type_: GraphQLEnumType) -> dict[str, Any]:
    """The members of the Python enum behind a GraphQL enum, by the names that this schema has."""
    members: Any = definition(type_).wrapped_cls
    by_value = {member.value: member for member in members}
    return {name: by_value[value.value] for name, value in type_.values.items()}


def metadata(element: Any) -> dict[str, Any]:
    """What the declaration of a field noted for the planner."""
    return cast("dict[str, Any]", getattr(definition(element), "metadata", None) or {})


def type_arguments(element: Any) -> list[Any]:
    """The definitions of the classes a generic type was made with: of `Connection[X]`, that of `X`."""
    made_with: dict[str, Any] = getattr(definition(element), "type_var_map", None) or {}
    return [definition_of(cls.resolve_type() if isinstance(cls, LazyType) else cls) for cls in made_with.values()]


def made_from(element: Any, generic: Any) -> bool:
    """Whether a type was made from this generic class."""
    return getattr(definition(element), "concrete_of", None) is definition_of(generic)


def directives(element: Any) -> list[Any]:
    """The schema directives of a graphql-core element."""
    return list(getattr(definition(element), "directives", None) or ())


def add_directive(target: Any, directive: Any) -> None:
    """Give a decorated class or a field one more schema directive."""
    owner = target if isinstance(target, StrawberryField) else getattr(target, "__strawberry_definition__", None)
    if owner is None:
        raise TypeError(f"{directive!r} goes above the decorator that makes a type or field of {target!r}, not below")
    owner.directives = [*(owner.directives or ()), directive]


def field_annotations(field: Any, type_definition: Any) -> list[Any]:
    """Every annotation a field was declared by: its own, its resolver's, and that of its class.

    Strawberry makes a new annotation, without notes, where a generic class is made with a type, and where a field names
    its `graphql_type`.
    """
    written = [each.type_annotation for each in (field, field.base_resolver) if each is not None]
    generic = getattr(type_definition, "concrete_of", None) or type_definition
    declaring = [cls for cls in generic.origin.__mro__ if field.python_name in inspect.get_annotations(cls)]
    for cls in declaring[:1]:
        raw = inspect.get_annotations(cls)[field.python_name]
        written.append(StrawberryAnnotation(raw, namespace=vars(sys.modules[cls.__module__])))
    return [annotation.annotation for annotation in written if annotation is not None]


def argument_annotations(field: Any, argument: Any) -> list[Any]:
    """Every annotation an argument was declared by; that of the resolver's parameter keeps notes beside a lazy type."""
    resolver = field.base_resolver
    written = [argument.type_annotation]
    if resolver is not None:
        found = {parameter.name: each for parameter, each in resolver.strawberry_annotations.items()}
        written.append(found.get(argument.python_name))
    return [annotation.annotation for annotation in written if annotation is not None]


def core_schema(schema: Schema) -> GraphQLSchema:
    """The graphql-core schema that a Strawberry schema executes on."""
    return schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def with_core_schema(blank: T, master: Schema, core: GraphQLSchema) -> T:
    """Make `blank` a Strawberry schema that shares all of `master` but the graphql-core schema it executes on."""
    blank.__dict__.update(copy.copy(master).__dict__)
    blank.__dict__["_schema"] = core
    core.__dict__["_strawberry_schema"] = blank
    return blank


def twin(element: T) -> T:
    """A shallow copy of the same class; graphql-core's `__copy__` would lose Strawberry's enum subclass."""
    new = object.__new__(type(element))
    new.__dict__.update(element.__dict__)
    return new


def set_fields(type_: Any, fields: dict[str, Any]) -> None:
    """Replace the fields of a copied type, past graphql-core's cache."""
    type_.__dict__["fields"] = type_.__dict__["_fields"] = fields


def set_interfaces(type_: Any, interfaces: tuple[Any, ...]) -> None:
    """Replace the interfaces of a copied type, past graphql-core's cache."""
    type_.__dict__["interfaces"] = type_.__dict__["_interfaces"] = interfaces


def set_members(type_: GraphQLUnionType, members: tuple[Any, ...]) -> None:
    """Replace the members of a copied union, past graphql-core's cache."""
    type_.__dict__["types"] = type_.__dict__["_types"] = members


def set_values(type_: Any, values: dict[str, Any], *, hides_values: bool) -> None:
    """Replace the values of a copied enum, note whether some are hidden, and forget graphql-core's look-up of the old."""
    type_.values = values
    type_.hides_values = hides_values
    type_.__dict__.pop("_value_lookup", None)


def root_fields_by_key(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, Any], variables: Any
) -> dict[str, list[FieldNode]]:
    """The nodes of the root fields that a request runs, by response key and in graphql-core's own order."""
    details = {name: FragmentDetails(definition) for name, definition in fragments.items()}
    root: Any = schema.get_root_type(operation.operation)
    collected = collect_fields(schema, details, variables, root, operation)
    return {key: [each.node for each in found] for key, found in collected.grouped_field_set.items()}
