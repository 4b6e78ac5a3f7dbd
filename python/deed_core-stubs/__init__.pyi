"""Types of the extension `deed_core`; its docstrings say what everything does."""

import array
import datetime
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    Protocol,
    SupportsIndex,
    TypeAlias,
    TypedDict,
    final,
    overload,
    type_check_only,
)

from _typeshed import structseq
from typing_extensions import Buffer, CapsuleType, Self, disjoint_base

__version__: Final[str]

# ---- Shapes of arguments and results ----------------------------------------------------------------------------------

# What reading a property gives.
_Value: TypeAlias = (
    None
    | bool
    | int
    | float
    | str
    | bytes
    | datetime.date
    | datetime.time
    | datetime.datetime
    | datetime.timedelta
    | Duration
    | Temporal
    | list[Any]
    | dict[str, Any]
    | array.array[float]
)

# What can be stored: also tuples, anything with __index__, and buffers (bytes-likes, embeddings, NumPy).
_Storable: TypeAlias = _Value | Sequence[Any] | Mapping[str, Any] | SupportsIndex | Buffer
_Direction: TypeAlias = Literal["out", "in", "both"]
# Not negative; math.inf for all there is.
_Amount: TypeAlias = int | float | None
_Path: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_Kind: TypeAlias = Literal["entity", "relationship", "edge"]
_Progress: TypeAlias = Callable[[int, int], object]
_ConstraintKind: TypeAlias = Literal[
    "required", "type", "unique", "primary_key", "default", "range", "one_of", "length", "endpoints", "cardinality"
]
_TypeName: TypeAlias = Literal[
    "bool", "int", "float", "str", "bytes", "date", "local_time", "zoned_time", "local_datetime", "zoned_datetime",
    "duration", "list", "dict", "vector",
]  # fmt: skip
_ConstraintType: TypeAlias = (
    _TypeName | type[bool] | type[int] | type[float] | type[str] | type[bytes] | type[list[Any]] | type[dict[str, Any]]
)

@type_check_only
class _ArrowArray(Protocol):
    def __arrow_c_array__(self) -> tuple[object, object]: ...

@type_check_only
class _ArrowStream(Protocol):
    def __arrow_c_stream__(self) -> object: ...

_Column: TypeAlias = Iterable[Any] | Buffer | _ArrowArray | _ArrowStream
_Columns: TypeAlias = Mapping[str, _Column] | _ArrowStream
_IdColumn: TypeAlias = Iterable[int] | Buffer | _ArrowArray | _ArrowStream

@type_check_only
class _Entity(TypedDict):
    id: int
    type: str
    properties: dict[str, Any]

@type_check_only
class _Edge(TypedDict):
    id: int
    type: str
    source: int
    target: int
    properties: dict[str, Any]

@type_check_only
class _MemoryStats(TypedDict):
    columns: int
    strings: int
    adjacency: int
    indexes: int
    pheromone: int
    versions: int
    store: int
    total: int
    limit: int

@type_check_only
class _DiskStats(TypedDict):
    log: int
    segments: int
    adjacency: int
    indexes: int
    total: int

@type_check_only
class _Prepared(TypedDict):
    gid: str
    prepared_at: datetime.datetime
    inserted: int
    updated: int
    deleted: int

@type_check_only
class _TransactionStats(TypedDict):
    commits: int
    rollbacks: int
    conflicts: int
    active: int
    last_commit: int
    checkpoints: int
    checkpoint_mark: int

@type_check_only
class _FollowingStats(TypedDict):
    active: bool
    lag_ms: float
    reloads: int

@type_check_only
class _Index(TypedDict):
    name: str
    kind: Literal["entity", "relationship"]
    on: str
    properties: tuple[str, ...]
    unique: bool
    entries: int

@type_check_only
class _Stats(TypedDict):
    entity_count: int
    edge_count: int
    collection_count: int
    edge_type_count: int
    avg_pheromone: float
    pheromone_epoch: int
    memory: _MemoryStats
    disk: _DiskStats
    transactions: _TransactionStats
    following: _FollowingStats

# ---- The graph --------------------------------------------------------------------------------------------------------

@disjoint_base
class Session:
    def add_entity(self, collection: str, properties: Mapping[str, _Storable] | None = None) -> int: ...
    def get_entity(self, id: SupportsIndex) -> _Entity | None: ...
    def update_entity(self, id: SupportsIndex, properties: Mapping[str, _Storable] | None, *, replace: bool = False) -> None: ...
    def delete_entity(self, id: SupportsIndex, detach: bool = False) -> None: ...
    def add_edge(
        self, src: SupportsIndex, dst: SupportsIndex, type: str, properties: Mapping[str, _Storable] | None = None
    ) -> int: ...
    def get_edge(self, id: SupportsIndex) -> _Edge | None: ...
    def update_edge(self, id: SupportsIndex, properties: Mapping[str, _Storable] | None, *, replace: bool = False) -> None: ...
    def delete_edge(self, id: SupportsIndex) -> None: ...
    def get_outgoing_neighbors(self, id: SupportsIndex, type: str | None = None) -> list[tuple[int, int]]: ...
    def get_incoming_neighbors(self, id: SupportsIndex, type: str | None = None) -> list[tuple[int, int]]: ...
    def neighbor_ids(self, id: SupportsIndex, type: str | None = None, direction: _Direction = "out") -> Ids: ...
    def degree(self, id: SupportsIndex, type: str | None = None, direction: _Direction = "out") -> int: ...
    def traverse(
        self,
        start: SupportsIndex,
        *,
        type: str | None = None,
        direction: _Direction = "out",
        max_depth: SupportsIndex | None = None,
    ) -> Reached: ...
    def count_reachable(
        self,
        start: SupportsIndex,
        *,
        type: str | None = None,
        direction: _Direction = "out",
        max_depth: SupportsIndex | None = None,
    ) -> int: ...
    def strongest_neighbors(self, id: SupportsIndex, k: SupportsIndex) -> list[tuple[int, int, float]]: ...
    def scan_collection(self, name: str) -> list[_Entity]: ...
    def iterate_collection(self, name: str) -> Scan: ...
    def scan_edges(self, type: str) -> list[_Edge]: ...
    def iterate_edges(self, type: str) -> Scan: ...
    def scan_arrow(self, name: str, *, kind: Literal["entity", "edge"] | None = None) -> ArrowScan: ...
    def find(
        self,
        collection: str,
        property: str | Sequence[str],
        value: _Storable | Sequence[_Storable],
        *,
        limit: SupportsIndex | None = None,
        kind: _Kind = "entity",
    ) -> list[int]: ...
    def find_range(
        self,
        collection: str,
        property: str | Sequence[str],
        low: _Storable | Sequence[_Storable] | None = None,
        high: _Storable | Sequence[_Storable] | None = None,
        *,
        include_low: bool = True,
        include_high: bool = True,
        prefix: str | Sequence[_Storable] | None = None,
        descending: bool = False,
        limit: SupportsIndex | None = None,
        kind: _Kind = "entity",
    ) -> list[int]: ...
    def add_entities(self, collection: str, columns: _Columns, *, progress: _Progress | None = None) -> Ids: ...
    def add_edges(
        self,
        type: str,
        src: _IdColumn,
        dst: _IdColumn,
        columns: _Columns | None = None,
        *,
        progress: _Progress | None = None,
    ) -> Ids: ...

@disjoint_base
class PyDeedGraph(Session):
    def __init__(
        self,
        path: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
        *,
        read_only: bool = False,
        memory_limit: int | None = None,
        durability: Literal["sync", "async", "none"] = "sync",
        on_conflict: Literal["fail", "wait"] = "fail",
        timeout: float | None = None,
        retain_log_bytes: _Amount = None,
        retain_log_seconds: _Amount = None,
        before_images: bool = False,
        replica: bool = False,
    ) -> None: ...
    @property
    def closed(self) -> bool: ...
    @property
    def path(self) -> str | None: ...
    @property
    def read_only(self) -> bool: ...
    def transaction(
        self,
        *,
        read_only: bool = False,
        isolation: Literal["snapshot", "serializable"] = "snapshot",
        on_conflict: Literal["fail", "wait"] = ...,
        timeout: float | None = ...,
    ) -> Transaction: ...
    def commit_prepared(self, gid: str, /) -> None: ...
    def rollback_prepared(self, gid: str, /) -> None: ...
    def list_prepared(self) -> list[_Prepared]: ...
    def checkpoint(self) -> None: ...
    def compact(self) -> None: ...
    def check(self) -> list[str]: ...
    def collections(self) -> dict[str, int]: ...
    def edge_types(self) -> dict[str, int]: ...
    def stats(self) -> _Stats: ...
    def catch_up(self, sequence: SupportsIndex | None = None, *, timeout: float = 10.0) -> int: ...
    def changes(self, since: SupportsIndex = 0, *, limit: SupportsIndex | None = None, wait: float = 0) -> Changes: ...
    def apply(self, record: Buffer) -> bool: ...
    def state_digest(self) -> tuple[int, str]: ...
    def retain_log(self, *, bytes: _Amount = 0, seconds: _Amount = 0) -> None: ...
    def backup(
        self, directory: _Path, *, keep: SupportsIndex | None = None, progress: _Progress | None = None
    ) -> Backup: ...
    def export_checkpoint(self, directory: _Path) -> int: ...
    def create_index(
        self,
        collection: str,
        properties: str | Sequence[str],
        *,
        unique: bool = False,
        name: str | None = None,
        kind: _Kind = "entity",
        progress: _Progress | None = None,
    ) -> str: ...
    def drop_index(self, name: str) -> None: ...
    def indexes(self) -> list[_Index]: ...
    def create_constraint(
        self,
        /,
        table: str,
        kind: _ConstraintKind,
        properties: str | Sequence[str] | None = None,
        *,
        row_kind: Literal["entity", "relationship"] | None = None,
        name: str | None = None,
        types: _ConstraintType | Sequence[_ConstraintType] | None = None,
        value: _Storable | None = None,
        values: Sequence[_Storable] | None = None,
        min: _Storable | None = None,
        max: _Storable | None = None,
        above: _Storable | None = None,
        below: _Storable | None = None,
        endpoints: Sequence[tuple[str, str]] | None = None,
        max_outgoing: int | None = None,
        max_incoming: int | None = None,
        progress: _Progress | None = None,
    ) -> str: ...
    def drop_constraint(self, name: str) -> None: ...
    def constraints(self) -> list[dict[str, Any]]: ...
    def evaporate_pheromones(self, rate: float | None = None) -> None: ...
    def pheromone(self, edge_id: SupportsIndex) -> float: ...
    def deposit_pheromone(self, edge_id: SupportsIndex, amount: float) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, /, *exception: type[BaseException] | BaseException | TracebackType | None) -> Literal[False]: ...

@final
class Transaction(Session):
    @property
    def active(self) -> bool: ...
    @property
    def graph(self) -> PyDeedGraph: ...
    @property
    def number(self) -> int: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def prepare(self, gid: str, /) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, /, *exception: type[BaseException] | BaseException | TracebackType | None) -> Literal[False]: ...

# ---- Results ----------------------------------------------------------------------------------------------------------

@final
class Ids(Sequence[int]):
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> Ids: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[int]: ...
    def __contains__(self, value: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def index(self, value: object, /) -> int: ...  # type: ignore[override]
    def count(self, value: object, /) -> int: ...
    def tolist(self) -> list[int]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[CapsuleType, CapsuleType]: ...
    def __sizeof__(self) -> int: ...

@final
class Reached:
    @property
    def ids(self) -> Ids: ...
    @property
    def depths(self) -> array.array[int]: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[tuple[int, int]]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[tuple[int, int]]: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Scan(Iterator[dict[str, Any]]):
    def __iter__(self) -> Self: ...
    def __next__(self) -> dict[str, Any]: ...

@final
class ArrowScan:
    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType: ...
    def __arrow_c_schema__(self) -> CapsuleType: ...

@final
class Changes(Iterator[ChangeRecord]):
    def __iter__(self) -> Self: ...
    def __next__(self) -> ChangeRecord: ...

@final
class ChangeRecord:
    @property
    def sequence(self) -> int: ...
    @property
    def time(self) -> datetime.datetime: ...
    @property
    def data(self) -> bytes: ...
    @property
    def changes(self) -> list[Change]: ...

@final
class Change(structseq[Any], tuple[Any, ...]):
    __match_args__: Final = (
        "action", "kind", "id", "type", "source", "target", "properties", "replace", "before", "name",
    )  # fmt: skip
    @property
    def action(self) -> Literal["insert", "update", "delete", "define", "drop"]: ...
    @property
    def kind(self) -> Literal["entity", "edge"]: ...
    @property
    def id(self) -> int: ...
    @property
    def type(self) -> str | None: ...
    @property
    def source(self) -> int | None: ...
    @property
    def target(self) -> int | None: ...
    @property
    def properties(self) -> dict[str, Any]: ...
    @property
    def replace(self) -> bool: ...
    @property
    def before(self) -> dict[str, Any] | None: ...
    @property
    def name(self) -> str | None: ...

@final
class Backup(structseq[Any], tuple[int, int, datetime.datetime, int, bool]):
    __match_args__: Final = ("id", "sequence", "time", "size", "has_log")
    @property
    def id(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def time(self) -> datetime.datetime: ...
    @property
    def size(self) -> int: ...
    @property
    def has_log(self) -> bool: ...

# ---- Backups ----------------------------------------------------------------------------------------------------------

def backups(directory: _Path) -> list[Backup]: ...
def restore(
    directory: _Path,
    path: _Path,
    *,
    backup: SupportsIndex | None = None,
    until: int | datetime.datetime | None = None,
    log: _Path | None = None,
) -> int: ...
def import_checkpoint(directory: _Path, path: _Path) -> int: ...

# ---- Values -----------------------------------------------------------------------------------------------------------

@final
class Duration:
    def __new__(cls, months: int = 0, days: int = 0, seconds: int = 0, nanoseconds: int = 0) -> Self: ...
    @property
    def months(self) -> int: ...
    @property
    def days(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def nanoseconds(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Duration], tuple[int, int, int, int]]: ...

@final
class Temporal:
    def __new__(
        cls,
        kind: Literal["date", "local_time", "zoned_time", "local_datetime", "zoned_datetime"],
        days: int = 0,
        seconds: int = 0,
        nanoseconds: int = 0,
        offset: int | None = None,
        zone: str | None = None,
    ) -> Self: ...
    @property
    def kind(self) -> Literal["date", "local_time", "zoned_time", "local_datetime", "zoned_datetime"]: ...
    @property
    def days(self) -> int: ...
    @property
    def seconds(self) -> int: ...
    @property
    def nanoseconds(self) -> int: ...
    @property
    def offset(self) -> int | None: ...
    @property
    def zone(self) -> str | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[type[Temporal], tuple[str, int, int, int, int | None, str | None]]: ...

# ---- Verifying and repairing ------------------------------------------------------------------------------------------

@final
class Finding(structseq[str], tuple[str, str, str, str]):
    __match_args__: Final = ("severity", "place", "message", "lost")
    @property
    def severity(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def lost(self) -> str: ...

@final
class IntegrityReport(structseq[Any], tuple[bool, list[Finding], str | None]):
    __match_args__: Final = ("ok", "findings", "kept")
    @property
    def ok(self) -> bool: ...
    @property
    def findings(self) -> list[Finding]: ...
    @property
    def kept(self) -> str | None: ...

def verify(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, progress: _Progress | None = None
) -> IntegrityReport: ...
def repair(
    path: str | bytes | os.PathLike[str] | os.PathLike[bytes], *, backup: bool = True, progress: _Progress | None = None
) -> IntegrityReport: ...

# ---- Exceptions -------------------------------------------------------------------------------------------------------

class DeedError(Exception):
    code: ClassVar[int]
    name: ClassVar[str]

class InvalidArgument(DeedError, ValueError): ...
class TypeMismatch(DeedError, TypeError): ...
class NotFound(DeedError, LookupError): ...
class LimitExceeded(DeedError): ...
class ReadOnly(DeedError): ...
class HasRelationships(DeedError): ...
class ConstraintViolation(DeedError, ValueError): ...
class AlreadyExists(DeedError, ValueError): ...
class TransactionConflict(DeedError): ...
class Deadlock(TransactionConflict): ...
class LockTimeout(TransactionConflict, TimeoutError): ...
class SerializationFailure(TransactionConflict): ...
class TransactionEnded(DeedError): ...
class SnapshotTooOld(TransactionConflict): ...
class StoreLocked(DeedError): ...
class Corruption(DeedError): ...
class StorageError(DeedError): ...
class DiskFull(DeedError): ...
class NewerFormat(DeedError): ...
class NotRetained(DeedError, LookupError): ...
class OutOfSequence(DeedError): ...
class OutOfMemory(DeedError, MemoryError): ...
class Closed(DeedError): ...
class Forked(Closed): ...
class Interrupted(DeedError): ...
class InternalError(DeedError): ...
