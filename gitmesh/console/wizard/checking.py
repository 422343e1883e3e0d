"""Checks of answers by the rules of a push, with each problem at its question."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitmesh.console.editing.proposal import Proposal, ProposedChange
from gitmesh.console.editing.review import review_of
from gitmesh.console.visit import Visit
from gitmesh.console.wizard.answers import QUESTIONS, STEPS, Answers
from gitmesh.console.wizard.resources import keys_of, missing, placed, specs_of, step_of
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import Problem, Severity


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers with their problems."""

    answers: Answers
    problems: Mapping[str, tuple[Problem, ...]]
    """By question; those of no question by ``""``."""

    def of(self, step: str) -> Mapping[str, tuple[Problem, ...]]:
        """Return the problems of one step."""
        return {name: found for name, found in self.problems.items() if step_of(name) == step}

    def stops(self, step: str) -> bool:
        """Return whether a step has errors, so that none after it can be shown."""
        found = (each for problems in self.of(step).values() for each in problems)
        return any(each.severity is Severity.ERROR for each in found)


def new_specs(graph: MeshGraph, answers: Answers, until: str) -> dict[ResourceKey, JsonObject]:
    """Return the resources that the answers would add; a mesh that is there stays as it is."""
    found = specs_of(answers, until)
    return {
        key: spec
        for key, spec in found.items()
        if not (key.kind is Kind.MESH and graph.get(key) is not None)
    }


def proposal_of(visit: Visit, answers: Answers, until: str, back: str) -> Proposal:
    """Return the answers as a proposal."""
    specs = new_specs(visit.served.changes.present().graph, answers, until)
    changes = tuple(ProposedChange(key, spec) for key, spec in specs.items())
    nodes = tuple(str(key) for key in specs if key.kind is Kind.VIRTUAL_NODE)
    subject = visit.words._("Create mesh service {name}").format(name=answers["service"])
    return Proposal(changes, visit.served.changes.tip(), subject, back, nodes)


def checked(visit: Visit, answers: Answers, until: str) -> Checked:
    """Check the answers of the steps up to one of them."""
    steps = STEPS[: STEPS.index(until) + 1]
    own = list(_own(visit, answers, steps))
    bad = {name for name, _ in own}
    by_question: dict[str, list[Problem]] = {}
    for name, problem in own:
        by_question.setdefault(name, []).append(problem)
    if not bad & {"mesh", "service"}:
        for name, problems in _of_push(visit, answers, until).items():
            if step_of(name) in steps and name not in bad:
                by_question.setdefault(name, []).extend(problems)
    return Checked(answers, {name: tuple(found) for name, found in by_question.items()})


def _own(visit: Visit, answers: Answers, steps: tuple[str, ...]) -> Iterator[tuple[str, Problem]]:
    """Yield what only the wizard asks: names are there, are free, and may be written."""
    words = visit.words
    graph = visit.served.changes.present().graph
    for step in steps:
        for name in missing(answers, step):
            yield name, _problem(words._("This needs an answer."))
    for name, key in keys_of(answers).items():
        if step_of(name) not in steps:
            continue
        if name != "mesh" and graph.get(key) is not None:
            yield name, _problem(words._("{name} is there already.").format(name=key))
        elif not visit.caller.permission.may_write(key) and graph.get(key) is None:
            yield name, _problem(words._("You may not create {name}.").format(name=key))


def _of_push(visit: Visit, answers: Answers, until: str) -> Mapping[str, tuple[Problem, ...]]:
    proposal = proposal_of(visit, answers, until, "/")
    if not proposal.changes:
        return {}
    try:
        review = review_of(visit, proposal)
    except UsageError as error:
        return {"": (_problem(error.message, error.hint),)}
    found = [
        (key, problem)
        for key in proposal.keys
        for problem in review.problems_of(key)[0]
        if problem.severity is Severity.ERROR
    ]
    return placed(answers, found)


def _problem(message: str, hint: str = "") -> Problem:
    return Problem("", 0, "$", "question", message, hint)


def questions_before(step: str) -> tuple[str, ...]:
    """Return the names of all questions except those of a step."""
    return tuple(name for each, names in QUESTIONS.items() if each != step for name in names)
