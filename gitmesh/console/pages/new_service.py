"""Create mesh service: a few questions, one step after the other, ending in a commit.

All answers are in the URL: back, reload and a shared link lose nothing.
"""

from urllib.parse import urlencode

from gitmesh.console import paths
from gitmesh.console.pages.review import reviewed
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.console.wizard.answers import QUESTIONS, STEPS, Answers, answers_of
from gitmesh.console.wizard.checking import Checked, checked, new_specs, proposal_of
from gitmesh.console.wizard.checking import questions_before as elsewhere
from mesh.keys import Kind, ResourceKey
from mesh.reading.native import native_document
from mesh.resource import Resource
from mesh.spec import MeshSpec
from mesh.tidy import document_text


def new_service(visit: Visit) -> Answer:
    """Return the step that is asked for, or the first before it that is wrong."""
    answers, wanted = answers_of(visit.query), visit.query.get("step", STEPS[0])
    wanted = wanted if wanted in STEPS else STEPS[0]
    if visit.query.get("check"):
        return _step(visit, checked(visit, answers, wanted), wanted, "wizard_live.html")
    before = STEPS[: STEPS.index(wanted)]
    if before and checked(visit, answers, before[-1]).problems:
        for step in before:
            found = checked(visit, answers, step)
            if found.stops(step):
                return _step(visit, found, step, status=422)
    if wanted == "review":
        back = f"/new/service?{urlencode({**answers.given, 'step': 'route'})}"
        return reviewed(visit, proposal_of(visit, answers, wanted, back))
    return _step(visit, Checked(answers, {}), wanted)


def _step(
    visit: Visit, found: Checked, step: str, template: str = "wizard.html", status: int = 200
) -> View:
    graph = visit.served.changes.present().graph
    answers, at = found.answers, STEPS.index(step)
    readable = [key for key in graph.resources if visit.caller.permission.may_read(key)]
    names = {kind: sorted(k.name for k in readable if k.kind is kind) for kind in Kind}
    return View(
        template,
        {
            "paths": paths,
            "answers": answers,
            "problems_of": lambda name: found.problems.get(name, ()),
            "questions": QUESTIONS[step],
            "step": step,
            "at": at,
            "steps": STEPS,
            "next": STEPS[at + 1],
            "previous": STEPS[at - 1] if at else "",
            "kept": [
                (name, answers.given[name]) for name in elsewhere(step) if name in answers.given
            ],
            "meshes": names[Kind.MESH],
            "nodes": _in_mesh(readable, Kind.VIRTUAL_NODE, answers),
            "services": _in_mesh(readable, Kind.VIRTUAL_SERVICE, answers),
            "rows": range(min(10, max([row + 1 for row, _, _ in answers.targets], default=0) + 1)),
            "documents": _documents(visit, answers, step),
            "links": {each: _link(answers, each) for each in STEPS},
        },
        status,
    )


def _in_mesh(keys: list[ResourceKey], kind: Kind, answers: Answers) -> list[str]:
    return sorted(k.name for k in keys if k.kind is kind and k.mesh == answers["mesh"])


def _documents(visit: Visit, answers: Answers, step: str) -> str:
    """Return what the answers so far become, as YAML."""
    specs = new_specs(visit.served.changes.present().graph, answers, step)
    return "---\n".join(
        document_text({**native_document(Resource(key, MeshSpec())), "spec": spec})
        for key, spec in specs.items()
    )


def _link(answers: Answers, step: str) -> str:
    return f"/new/service?{urlencode({**answers.given, 'step': step})}"
