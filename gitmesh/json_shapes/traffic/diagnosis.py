"""JSON shape of ``gitmesh doctor``."""

from typing import TypedDict

from gitmesh.service.diagnosis import Diagnosis


class FindingShape(TypedDict):
    """A problem: ``severity`` is error, warning or note; ``nextStep`` is a command line."""

    code: str
    severity: str
    subject: str
    message: str
    evidence: list[str]
    nextStep: str


class DiagnosisShape(TypedDict):
    """Problems, what is worse first, and what was looked at."""

    findings: list[FindingShape]
    commit: str | None
    proxies: int
    requests: int
    windowSeconds: float


def diagnosis_shape(found: Diagnosis) -> DiagnosisShape:
    """Return a diagnosis as JSON."""
    return {
        "findings": [
            {
                "code": each.code,
                "severity": each.severity.value,
                "subject": each.subject,
                "message": each.message,
                "evidence": list(each.evidence),
                "nextStep": each.next_step,
            }
            for each in found.findings
        ],
        "commit": found.commit,
        "proxies": found.proxies,
        "requests": found.requests,
        "windowSeconds": found.window_s,
    }
