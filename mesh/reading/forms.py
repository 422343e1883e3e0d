"""Document formats of App Mesh resources, and how a document's format is recognised.

To add a format, define a :class:`Form` in a module of its own and add it to
:data:`mesh.reading.native.FORMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from mesh.kubernetes.form import is_kubernetes, read_manifests
from mesh.kubernetes.objects import Manifest
from mesh.parsing.document import Document
from mesh.parsing.yaml_text import TEMPLATE
from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.route_tests.suite import RouteTests, is_route_tests, read_suite


@dataclass(frozen=True, slots=True)
class ResourceReading:
    """Content of documents: resources, and all their problems.

    A resource that breaks a document rule (see :mod:`mesh.validation.document`) is among the
    resources *and* has problems, so that linking does not report references to it as dangling.
    """

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: tuple[ResourceKey, ...] = ()
    """Resources that exist but whose spec could not be read; references to them are not dangling.
    """
    manifests: tuple[Manifest, ...] = ()
    """Kubernetes objects; their resources depend on other objects of the repository."""
    tests: tuple[RouteTests, ...] = ()
    """Route tests, which are not part of the mesh."""


@dataclass(frozen=True, slots=True)
class Form:
    """One document format."""

    name: str
    recognises: Callable[[JsonObject], bool]
    read: Callable[[Document], ResourceReading]


def _is_cloudformation(body: JsonObject) -> bool:
    return "AWSTemplateFormatVersion" in body or isinstance(body.get("Resources"), dict)


def _not_cloudformation(document: Document) -> ResourceReading:
    return _refused(
        document,
        "Resources",
        "cloudformation-form",
        *TEMPLATE,
    )


def _refused(document: Document, key: str, code: str, message: str, hint: str) -> ResourceReading:
    return ResourceReading(problems=(document.source.problem((key,), code, message, hint=hint),))


CLOUDFORMATION = Form("cloudformation", _is_cloudformation, _not_cloudformation)


def _kubernetes(document: Document) -> ResourceReading:
    manifests, problems = read_manifests(document)
    return ResourceReading(problems=tuple(problems), manifests=tuple(manifests))


KUBERNETES = Form("kubernetes", is_kubernetes, _kubernetes)


def _route_tests(document: Document) -> ResourceReading:
    suite, problems = read_suite(document)
    return ResourceReading(problems=problems, tests=() if suite is None else (suite,))


ROUTE_TESTS = Form("route tests", is_route_tests, _route_tests)
