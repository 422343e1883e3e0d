"""The controller: one commit a step, whatever others push and whenever it is killed."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitmesh.service.resources.change import ResourceChanges
from gitmesh.service.shifts import controller as controlling
from gitmesh.service.shifts.controller import ShiftController
from gitmesh.shifts.decision import Do
from gitmesh.shifts.evidence import Traffic
from gitmesh.shifts.status import ShiftStatus, status_lines
from mesh.keys import ResourceKey
from reconciler.git.repository import GitRepository
from tests.gitmesh.service.test_changes_together import ROUTE, Server
from tests.gitmesh.shifts.documents import text
from tests.support.git import git, put
from tests.support.meshes import a_route, shop_mesh
from tests.support.specs import files
from tests.support.specs import text as spec_text
from xds.reports.counts import latency_of

DOCUMENT = ".gitmesh/shifts/cart-v2.yaml"
GATES = "gates: {successRate: {min: 99}, latency: {max: 100ms, maxRatio: 2}}"
COMMENT = "  # the weights are shifted by gitmesh\n"


class Reports:
    """Evidence of 1,000 requests a second to each target."""

    window_s = 5.0
    delay_s = settle_s = 1.0

    def __init__(self) -> None:
        self.errors = 0.001
        self.latency_ms = 20.0
        self.rate = 1000.0

    def traffic(self, target: ResourceKey, since: float, until: float) -> Traffic | None:
        requests = round((until - since) * self.rate)
        is_canary = target.name == "cart-v2"
        slow = requests if is_canary and self.latency_ms > 100 else 0
        errors = round(requests * (self.errors if is_canary else 0.001))
        latency = latency_of([(100.0, requests - slow), (1000.0, requests)], requests)
        return Traffic(requests, errors, {"5xx": errors}, latency)


class Town:
    """A repository with a shift, its log, and a controller whose clock the test moves."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder)
        self.origin = self.server.origin
        self.reports = Reports()
        self.now = time.time() + 5
        self.pin = ""
        self.controller = self.restarted()

    def restarted(self) -> ShiftController:
        self.controller = ShiftController(
            self.origin,
            None,
            self.server.changes,
            self.reports,
            lambda: self.pin,
            lambda: self.now,
        )
        return self.controller

    def put(self, document: str, left: int = 100, more: str = "", message: str = "change") -> str:
        route = spec_text(a_route("cart", "all", {"cart-v1": left, "cart-v2": 100 - left}))
        found: dict[str, str | bytes] = {**files(shop_mesh()), ROUTE: COMMENT + route + more}
        found[DOCUMENT] = document

        return put(self.origin, found, message=message)

    def edit(self, path: str, before: str, after: str, message: str = "Edit") -> str:
        """Commit a change of one file as a person would."""
        work = self.origin.parent / "work"
        if not work.exists():
            git(self.origin.parent, "clone", "-q", str(self.origin), str(work))
        git(work, "pull", "-q")
        content = (work / path).read_text()
        assert before in content
        (work / path).write_text(content.replace(before, after))
        git(work, "commit", "-qam", message)
        git(work, "push", "-q")
        return git(work, "rev-parse", "HEAD")

    def look(self, after_s: float = 65.0, times: int = 1) -> ShiftStatus:
        for _ in range(times):
            self.now += after_s
            [status] = self.controller.look()
        return status

    def weights(self, revision: str = "main") -> list[int]:
        shown = git(self.origin, "show", f"{revision}:{ROUTE}")
        return [
            int(line.rpartition(":")[2].strip(" }"))
            for line in shown.splitlines()
            if "weight:" in line
        ]

    def subjects(self) -> list[str]:
        return git(self.origin, "log", "--format=%s", "--reverse").splitlines()[1:]

    def document(self) -> str:
        return git(self.origin, "show", f"main:{DOCUMENT}")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    found = Town(tmp_path)
    yield found
    found.server.close()


def document(*lines: str, steps: str = "[5, 25, 50, 100]") -> str:
    return "# Why: INC-7\n" + text(*(lines or (GATES,)), steps=steps)


def test_a_good_version_is_promoted_by_one_commit_a_step(town: Town) -> None:
    start = town.put(document(), message="Ask for a shift")
    status = town.look(times=6)
    assert town.subjects() == [
        "Ask for a shift",
        "Shift cart/all to cart-v2 5 % (1/4)",
        "Shift cart/all to cart-v2 25 % (2/4)",
        "Shift cart/all to cart-v2 50 % (3/4)",
        "Promote cart-v2: cart/all has all traffic there (4/4)",
    ]
    assert status.action.do is Do.FINISHED
    assert town.weights() == [0, 100]
    assert town.document() == document().rstrip() + "\nended: promoted"
    body = git(town.origin, "log", "-1", "--format=%B", "main~1")
    assert f"Gitmesh-Origin: {start}" in body
    assert "Gitmesh-Gate: success-rate: pass, 99.90 % of " in body
    assert "Gitmesh-Step: 3/4 50%" in body
    assert "Via: shift" in body
    assert git(town.origin, "log", "-1", "--format=%an %cn", "main~1") == "gitmesh shift gitmesh"


def test_a_step_touches_only_the_two_weights(town: Town) -> None:
    town.put(document())
    town.look(times=2)
    found = git(town.origin, "diff", "-U0", "main~1", "main").splitlines()
    lines = [each for each in found if each[:1] in "+-" and each[:3] not in ("+++", "---")]
    assert len(lines) == 4
    assert git(town.origin, "show", f"main:{ROUTE}").startswith(COMMENT.strip())


@pytest.mark.parametrize("fault", ["errors", "latency"])
def test_a_bad_version_is_reverted_and_not_taken_up_again(town: Town, fault: str) -> None:
    town.put(document())
    town.look(times=2)
    if fault == "errors":
        town.reports.errors = 0.05
    else:
        town.reports.latency_ms = 400.0
    steps = git(town.origin, "log", "-2", "--format=%H", "main").splitlines()
    assert town.look().action.do is Do.ABORT
    assert town.weights() == [100, 0]
    body = git(town.origin, "log", "-1", "--format=%B", "main")
    assert body.startswith("Abort shift cart-v2: cart/all back to cart-v1")
    assert [f"This reverts commit {each}." in body for each in steps] == [True, True]
    assert "Gitmesh-Abort-Reason: " in body
    assert "ended: aborted" in town.document()
    tip = git(town.origin, "rev-parse", "main")
    town.restarted()
    town.reports.errors = 0.0
    assert town.look(times=3).action.do is Do.FINISHED
    assert git(town.origin, "rev-parse", "main") == tip


def test_a_bad_version_can_be_held_instead(town: Town) -> None:
    town.put(document(GATES, "onFailure: hold"))
    town.look()
    town.reports.errors = 0.05
    assert town.look().action.do is Do.HOLD
    assert town.weights() == [95, 5]
    assert "hold: 'gate failed: success-rate: 95.00 %" in town.document().replace('"', "'")
    assert town.look().action.reason.startswith("held: gate failed")


def test_silence_is_held_with_its_reason(town: Town) -> None:
    town.put(document())
    town.look()
    town.reports.rate = 0.0
    status = town.look(times=5)
    assert status.action.reason == "no requests to cart-v2 are reported: silence is not success"
    assert town.weights() == [95, 5]
    told = list(status_lines(status))
    assert told[0] == "shift cart-v2: progressing, step 1 of 4"
    assert told[-1] == (
        "  next: cart-v2 25 %, but not yet: no requests to cart-v2 are reported: silence is not "
        "success"
    )


def test_a_server_without_reports_makes_no_step_that_needs_them(town: Town) -> None:
    town.put(document())
    town.controller = ShiftController(town.origin, None, town.server.changes, now=lambda: town.now)
    assert "silence" in town.look(times=3).action.reason
    assert town.weights() == [95, 5]


def test_a_pin_holds_the_shift_and_its_time_is_no_evidence(town: Town) -> None:
    town.put(document())
    town.look()
    town.pin, town.reports.errors = "INC-8", 1.0
    assert town.look(times=3).action.reason == "serving is pinned: INC-8"
    town.pin, town.reports.errors = "", 0.001
    town.look()
    assert town.subjects()[-1] == "Shift cart/all to cart-v2 25 % (2/4)"
    assert "success-rate: pass, 99.9" in git(town.origin, "log", "-1", "--format=%B", "main")


def test_a_commit_of_a_person_on_the_route_supersedes_the_shift(town: Town) -> None:
    town.put(document())
    town.look()
    mine = town.edit(ROUTE, "weight: 95", "weight: 90", "Take some back")
    town.look(times=3)
    assert town.subjects()[-2:] == ["Take some back", "End shift cart-v2: superseded"]
    body = git(town.origin, "log", "-1", "--format=%B", "main")
    assert f"its route was changed by commit {mine[:7]}" in body
    assert town.weights() == [90, 5]


def test_a_commit_elsewhere_does_not(town: Town) -> None:
    town.put(document())
    town.look()
    town.edit(DOCUMENT, "# Why: INC-7", "# Why: INC-7, still")
    town.look(times=2)
    assert town.subjects()[-1] == "Shift cart/all to cart-v2 50 % (3/4)"


def test_a_rollback_ends_the_shift(town: Town) -> None:
    town.put(document())
    town.look()
    rolled = "Roll back\n\nGitmesh-Rollback-To: " + "0" * 40 + "\n"
    town.put(document(), message=rolled)
    town.look(times=2)
    assert town.subjects()[-1] == "End shift cart-v2: superseded"
    assert town.weights() == [100, 0]


def test_another_intent_goes_on_from_the_present_weights(town: Town) -> None:
    town.put(document())
    town.look(times=2)
    town.edit(DOCUMENT, "[5, 25, 50, 100]", "[10, 40, 100]")
    town.look()
    assert town.weights() == [60, 40]
    assert town.subjects()[-1] == "Shift cart/all to cart-v2 40 % (2/3)"


def test_an_invalid_mesh_stops_the_shift_and_says_why(town: Town) -> None:
    town.put(document())
    town.look()
    bad = "---\nkind: Route\nmeshName: shop\nvirtualRouterName: nowhere\nrouteName: x\nspec: {}\n"
    town.put(document(), left=95, more=bad)
    status = town.look()
    assert "the mesh would be invalid" in status.error


def test_a_shift_of_twenty_steps_leaves_a_history_that_git_understands(town: Town) -> None:
    curve = text("curve: {shape: linear, steps: 20}", "interval: 1s")
    town.put(curve.replace("  steps: [5, 25, 50, 100]\n", ""))
    town.look(times=21)
    assert town.weights() == [0, 100]
    work = town.origin.parent / "work"
    git(town.origin.parent, "clone", "-q", str(town.origin), str(work))
    # Which commit gave version 2 more than half? It is step 11.
    git(work, "bisect", "start", "HEAD", "HEAD~20")
    script = f"test $(grep -o 'weight: *[0-9]*' {ROUTE} | tail -1 | tr -dc 0-9) -le 50"
    done = subprocess.run(
        ["git", "bisect", "run", "sh", "-c", script], cwd=work, capture_output=True, text=True
    )
    assert "is the first bad commit" in done.stdout
    assert "Shift cart/all to cart-v2 55 % (11/20)" in done.stdout
    git(work, "bisect", "reset")
    assert "gitmesh shift" in git(work, "blame", ROUTE)
    # Back to any step: revert what came after it.
    git(work, "revert", "--no-edit", "HEAD~8..HEAD")
    git(work, "push", "-q")
    assert town.weights() == [40, 60]
    tip = git(town.origin, "rev-parse", "main")
    town.restarted()
    town.look(times=3)
    assert git(town.origin, "rev-parse", "main") == tip, "the shift has ended"


@pytest.mark.parametrize(
    "point", ["commit_object", "advance", "after advance", "message", "wanted"]
)
def test_a_process_that_dies_anywhere_repeats_no_step(
    town: Town, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    from gitmesh.service.resources import change as changing

    class Killed(BaseException):
        """The process ends here."""

    town.put(document(steps="[50, 100]"))
    for _ in range(2):
        with monkeypatch.context() as patch:
            module = controlling if point in ("message", "wanted") else changing
            name = point.removeprefix("after ")
            real = getattr(module, name)

            def die(*args: object, **more: object) -> None:
                if point.startswith("after"):
                    real(*args, **more)  # noqa: B023 -- called inside the turn
                raise Killed

            patch.setattr(module, name, die)
            with pytest.raises(Killed):
                town.look(times=3)
        town.server.changes = _changes(town)
        town.restarted()
        if not point.startswith("after"):
            town.look()
    steps = [each for each in town.subjects() if "cart-v2" in each]
    numbers = [each.rpartition("(")[2] for each in steps]
    assert numbers == ["1/2)", "2/2)"]


def _changes(town: Town) -> ResourceChanges:
    known = town.server.changes
    return ResourceChanges(town.origin, None, known._log._log, known._log._logged)


def test_a_decision_for_an_older_commit_is_not_carried_out(town: Town) -> None:
    town.put(document())
    town.look()
    real = town.controller._made

    def overtaken(tip, status):  # type: ignore[no-untyped-def]
        town.edit(ROUTE, "weight: 95", "weight: 80", "Overtake")
        town.controller._made = real  # type: ignore[method-assign]
        return real(tip, status)

    town.controller._made = overtaken  # type: ignore[method-assign]
    town.look()
    assert town.subjects()[-1] == "Overtake"
    town.look()
    assert town.subjects()[-1] == "End shift cart-v2: superseded"
    assert GitRepository.open(town.origin).tip()
