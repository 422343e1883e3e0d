"""Event types of both chains. Import them from here.

Names of kinds and the form of their data are a public file format: docs/events.md describes them,
:mod:`events.encoding.codec` writes and reads them. Mesh events (``mesh.py``) are a pure function of
git history. Delivery events (the other modules) are observations of this server. Read ``mesh.py``
first."""

from events.types.mesh import CommitApplied as CommitApplied
from events.types.mesh import CommitFacts as CommitFacts
from events.types.mesh import CommitRejected as CommitRejected
from events.types.mesh import FieldChange as FieldChange
from events.types.mesh import HistoryRewritten as HistoryRewritten
from events.types.mesh import MeshEvent as MeshEvent
from events.types.mesh import ResourceAdded as ResourceAdded
from events.types.mesh import ResourceChanged as ResourceChanged
from events.types.mesh import ResourceRemoved as ResourceRemoved
from events.types.mesh import Signature as Signature
from events.types.mesh import TrafficShifted as TrafficShifted
from events.types.mesh import WeightChange as WeightChange
from events.types.pin import ServingPinned as ServingPinned
from events.types.pin import ServingReleased as ServingReleased
from events.types.positions import START as START
from events.types.positions import Chain as Chain
from events.types.positions import CommitId as CommitId
from events.types.positions import Seq as Seq
from events.types.proxy import ProxiesFlapped as ProxiesFlapped
from events.types.proxy import ProxiesSettled as ProxiesSettled
from events.types.proxy import ProxyConnected as ProxyConnected
from events.types.proxy import ProxyDisconnected as ProxyDisconnected
from events.types.proxy import ProxyState as ProxyState
from events.types.push import Push as Push
from events.types.push import PushReceived as PushReceived
from events.types.push import PushRefused as PushRefused
from events.types.record import DeliveryEvent as DeliveryEvent
from events.types.record import Event as Event
from events.types.record import Record as Record
from events.types.server import CLOCK_BEHIND as CLOCK_BEHIND
from events.types.server import CONNECTIONS_FULL as CONNECTIONS_FULL
from events.types.server import MIRROR_UNWRITABLE as MIRROR_UNWRITABLE
from events.types.server import OF_REMOTE as OF_REMOTE
from events.types.server import OF_STREAMS as OF_STREAMS
from events.types.server import REMOTE_BRANCH_MISSING as REMOTE_BRANCH_MISSING
from events.types.server import REMOTE_DAMAGED as REMOTE_DAMAGED
from events.types.server import REMOTE_DENIED as REMOTE_DENIED
from events.types.server import REMOTE_DIVERGED as REMOTE_DIVERGED
from events.types.server import REMOTE_MISSING as REMOTE_MISSING
from events.types.server import REMOTE_REPLACED as REMOTE_REPLACED
from events.types.server import REMOTE_UNREACHABLE as REMOTE_UNREACHABLE
from events.types.server import REMOTE_UNSUPPORTED as REMOTE_UNSUPPORTED
from events.types.server import REMOTE_UNTRUSTED as REMOTE_UNTRUSTED
from events.types.server import STREAMS_RESET as STREAMS_RESET
from events.types.server import RulesChanged as RulesChanged
from events.types.server import ServerStarted as ServerStarted
from events.types.server import SourceDegraded as SourceDegraded
from events.types.server import SourceRecovered as SourceRecovered
from events.types.server import WorkerResponsive as WorkerResponsive
from events.types.server import WorkerUnresponsive as WorkerUnresponsive
from events.types.snapshot import Cause as Cause
from events.types.snapshot import SnapshotConverged as SnapshotConverged
from events.types.snapshot import SnapshotDelayed as SnapshotDelayed
from events.types.snapshot import SnapshotPublished as SnapshotPublished
from events.types.snapshot import SnapshotRejected as SnapshotRejected
