"""``--stay``: after the steps, the mesh keeps running for the user, until a signal ends the
demo."""

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path

from gitmesh.demo.sample import ROUTES
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import BRANCH, Stage
from gitmesh.hooks.scripts import install
from gitmesh.queries.log_location import git_dir
from reconciler.git.initialization import ready_for_pushes

WATCH_S = 0.5


async def stay_up(stage: Stage, screen: Screen) -> None:
    """Print what the user can do, and wait. At the end, a clone that the user changed is kept.

    :raises Fatal: a part of the mesh ended by itself.
    """
    ready_for_pushes(stage.bare)
    install(git_dir(stage.bare))
    stage.clone.make_ready_for_a_person(BRANCH)
    before = stage.clone.state()
    screen.step("The mesh stays up until Ctrl-C; play with it in another terminal")
    screen.say(invitation(stage, path_line()))
    try:
        while True:
            stage.processes.check()
            await asyncio.sleep(WATCH_S)
    finally:
        screen.say("\n" + _part(stage, changed=stage.clone.state() != before))


def invitation(stage: Stage, path: str) -> str:
    """Return commands that can be pasted into another shell, line by line."""
    address, port = stage.layout.door
    bare = shlex.quote(str(stage.bare))
    door = f"http://{address}:{port}"
    shift = "s/cart-v1, weight: 100/cart-v1, weight: 70/; s/cart-v2, weight: 0/cart-v2, weight: 30/"
    admin = "\n".join(
        f"  {proxy.name:<12} http://{proxy.admin}:{stage.layout.ports.admin}/config_dump"
        for proxy in stage.layout.proxies
    )
    console = f"The console, for a browser: {stage.console}\n\n" if stage.console else ""
    return f"""
{path}cd {shlex.quote(str(stage.clone.path))}
sed -i '{shift}' {ROUTES}
git commit -am 'Shift' && git push               # and read what it does
for i in $(seq 20); do curl -s {door}/cart/items; echo; done
curl -s {door}/                 # web asks cart and catalog
curl -s -H 'x-shop-tester: yes' {door}/cart/items
gitmesh log --repo {bare} --commits
git revert --no-edit HEAD && git push            # take it back
gitmesh state --repo {bare} mesh/shop/virtualRouter/cart

{console}Envoy's own view of it (clusters, routes, statistics), for each proxy:
{admin}

{stage.folder.path} is removed at the end, unless you change something in the clone."""


def path_line() -> str:
    """Return a shell line that adds gitmesh and Envoy to ``PATH``; empty if they are there
    already."""
    ours = Path(sys.executable).parent
    if not os.access(ours / "gitmesh", os.X_OK):
        return ""
    found = shutil.which("gitmesh")
    if found is not None and Path(found).resolve() == (ours / "gitmesh").resolve():
        return ""
    return f"export PATH={shlex.quote(str(ours))}:$PATH\n"


def _part(stage: Stage, *, changed: bool) -> str:
    folder = shlex.quote(str(stage.folder.path))
    if not changed:
        return f"removed {folder}: nothing was changed in the clone"
    stage.folder.keep(stage.clone.path, stage.bare)
    return f"""kept, because you changed something there:
  {shlex.quote(str(stage.clone.path))}      your clone
  {shlex.quote(str(stage.bare))}  the repository, with the event log
to remove both: rm -rf {folder}
to serve it again, without the shop's applications: gitmesh serve {shlex.quote(str(stage.bare))}"""
