"""rocksdict: RocksDB from Python in raw mode, keys of eight bytes in big-endian order, records packed by struct."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..data import Data, Edges

_KEY = struct.Struct(">Q")
_AGE = struct.Struct("<q")
_EDGE = struct.Struct("<QQq")

key = _KEY.pack
FIRST_EDGE = 1 << 40  # the keys of relationships follow those of entities


def open_store(path: Path, *, read_only: bool = False) -> Any:
    import rocksdict

    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    access = rocksdict.AccessType.read_only() if read_only else rocksdict.AccessType.read_write()
    return rocksdict.Rdict(str(path), options, access_type=access)


def pack_person(name: str, age: int) -> bytes:
    return _AGE.pack(age) + name.encode()


def unpack_person(record: bytes) -> dict[str, Any]:
    return {"name": record[8:].decode(), "age": _AGE.unpack_from(record)[0]}


def build(path: Path, data: Data, people: int, edges: Edges | None = None) -> None:
    """Writes a store from files sorted by key, the quickest way in."""
    store = open_store(path)
    rows = zip(data.names(people), data.ages(people).tolist(), strict=True)
    _ingest(store, path, ((key(i), pack_person(*row)) for i, row in enumerate(rows)))
    if edges is not None:
        triples = zip(edges.source.tolist(), edges.target.tolist(), edges.since.tolist(), strict=True)
        _ingest(store, path, ((key(FIRST_EDGE + i), _EDGE.pack(*row)) for i, row in enumerate(triples)))
    store.flush()
    store.close()


def _ingest(store: Any, path: Path, records: Iterator[tuple[bytes, bytes]]) -> None:
    """In files of the size that compaction would make, so that few of them must be looked at."""
    import rocksdict

    file = path.with_suffix(".sst")
    while part := list(itertools.islice(records, 1_000_000)):
        writer = rocksdict.SstFileWriter(rocksdict.Options(raw_mode=True))
        writer.open(str(file))
        for name, record in part:
            writer[name] = record
        writer.finish()
        store.ingest_external_file([str(file)])
        file.unlink(missing_ok=True)
