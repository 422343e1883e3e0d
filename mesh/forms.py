"""The spellings in which App Mesh resources are written, and how a document's is told.

A form recognises its documents and reads them. A new spelling is a new :class:`Form` in a module
of its own, put into :data:`mesh.native.FORMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mesh.canonical import JsonObject
from mesh.document import Document
from mesh.keys import ResourceKey
from mesh.kubernetes.objects import Manifest
from mesh.problem import Problem
from mesh.resource import Resource
from mesh.route_tests.suite import RouteTests, is_route_tests, read_suite


@dataclass(frozen=True, slots=True)
class ResourceReading:
    """What documents hold: resources, and everything that is wrong with them.

    A resource that breaks a rule of its own (see :mod:`mesh.check`) is among the resources *and*
    has problems, so that linking does not report references to it as dangling too.
    """

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    unread: tuple[ResourceKey, ...] = ()
    """Resources that are there, but whose spec could not be read: no cause to say "not there"."""
    manifests: tuple[Manifest, ...] = ()
    """Kubernetes objects: what resources they are depends on the others of the repository."""
    tests: tuple[RouteTests, ...] = ()
    """Tests of routing, which are no part of the mesh."""


@dataclass(frozen=True, slots=True)
class Form:
    """One spelling of resources."""

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
        "a CloudFormation template is not a spec: its values depend on parameters and stacks",
        "templates come in through gitmesh import, which writes native documents",
    )


def _refused(document: Document, key: str, code: str, message: str, hint: str) -> ResourceReading:
    return ResourceReading(problems=(document.source.problem((key,), code, message, hint=hint),))


CLOUDFORMATION = Form("cloudformation", _is_cloudformation, _not_cloudformation)


def _route_tests(document: Document) -> ResourceReading:
    suite, problems = read_suite(document)
    return ResourceReading(problems=problems, tests=() if suite is None else (suite,))


ROUTE_TESTS = Form("route tests", is_route_tests, _route_tests)
