"""Permission checks for the resource of a page, and the commits that pages make."""

from gitmesh.console.visit import PageError, Visit
from gitmesh.service.changes.planned_commit import Authorship
from mesh.errors import UsageError
from mesh.keys import ResourceKey


def readable(visit: Visit, name: str) -> ResourceKey:
    """Return the resource that a page is about, whether or not it exists.

    :raises PageError: it is none, or may not be read.
    """
    try:
        key = ResourceKey.parse(name)
    except UsageError as error:
        raise PageError(404, error.message, error.hint) from None
    if not visit.caller.permission.may_read(key):
        raise absent(visit, key)
    return key


def writable(visit: Visit, name: str) -> ResourceKey:
    """Return the resource that is to be changed, whether or not it exists.

    :raises PageError: it is none, or may not be changed.
    """
    key = readable(visit, name)
    if not visit.caller.permission.may_write(key):
        raise forbidden(visit, str(key))
    return key


def absent(visit: Visit, key: ResourceKey) -> PageError:
    """Return the error for a resource that does not exist, or may not be read."""
    return PageError(404, visit.words._("There is no {name}.").format(name=key))


def forbidden(visit: Visit, what: str) -> PageError:
    """Return the error for a change of something that the visitor may only read."""
    return PageError(
        403,
        visit.words._("You may not change {name}.").format(name=what),
        visit.words._("Your role says so; ask whoever runs this server for another."),
    )


def authorship(visit: Visit) -> Authorship:
    """Return author and committer of a commit that the visitor makes."""
    return Authorship(visit.caller.person, visit.served.committer)


def trailers(visit: Visit) -> tuple[str, ...]:
    """Return the trailers of each commit that a page makes."""
    return (f"Request-Id: {visit.caller.request_id}", "Via: console")


def typed_message(visit: Visit) -> str:
    """Return the commit message that the visitor has typed so far; empty without one."""
    return visit.form.get("message") or visit.query.get("message", "")


def commit_message(visit: Visit, said: str, keys: tuple[ResourceKey, ...]) -> str:
    """Return a commit's message: the visitor's words, what is changed, and trailers.

    The first line of the words is the subject; none of them can add a trailer.
    """
    subject, _, body = said.strip().partition("\n")
    names = ", ".join(map(str, keys[:20]))
    more = f" and {len(keys) - 20} more" if len(keys) > 20 else ""
    told = f"{visit.caller.person.name} changed {names}{more}."
    words = " ".join(body.split())[:2_000]
    parts = [" ".join(subject.split())[:200] or told, words, told, "\n".join(trailers(visit))]
    return "\n\n".join(part for part in dict.fromkeys(parts) if part) + "\n"
