// Merging adjacency lists while they are being read. A large list takes milliseconds to merge, so the new one is made under
// a shared latch, beside the readers, and takes the old one's place under an exclusive one, unless a writer was faster.

extension Graph {
    /// Merges one list of a segment, with `additions` if given. `whenReplaced` is called under the same exclusive latch
    /// in which the lists change. No latch is held by the caller. O(entries).
    func mergeList(
        _ segment: SegmentRef, type: NameId, direction: Direction, adding additions: AdjacencyRun? = nil,
        filter: EntryFilter? = nil, whenReplaced: (Int) throws(DeedError) -> Void
    ) throws(DeedError) {
        do throws(DeedError) {
            try tryToMergeList(segment, type, direction, additions, filter, whenReplaced)
        } catch {
            // How much the old lists and the new ones take is known only now.
            guard error.status == .outOfMemory else { throw error }
            try makeRoom(for: pool.limit / 2)
            try tryToMergeList(segment, type, direction, additions, filter, whenReplaced)
        }
    }

    private func tryToMergeList(
        _ segment: SegmentRef, _ type: NameId, _ direction: Direction, _ additions: AdjacencyRun?,
        _ filter: EntryFilter?, _ whenReplaced: (Int) throws(DeedError) -> Void
    ) throws(DeedError) {
        try lockSharedWithParts(segment)
        var prepared: (merged: AdjacencyPart.Merged, from: AdjacencyPart.Fingerprint)?
        do throws(DeedError) {
            if let index = segment.pointee.partIndex(type: type, direction: direction) {
                let part = segment.pointee.adjacency + index
                let rows = segment.pointee.rowCount
                prepared = (
                    try part.pointee.merged(rows: rows, adding: additions, pool, filter), part.pointee.fingerprint
                )
            }
        } catch {
            segment.pointee.latch.unlockShared()
            throw error
        }
        segment.pointee.latch.unlockShared()
        reach(.mergePrepared)

        do throws(DeedError) {
            try lockExclusiveWithLists(segment)
        } catch {
            prepared?.merged.part.free(pool)
            throw error
        }
        defer { segment.pointee.latch.unlockExclusive() }
        let index = segment.pointee.part(type: type, direction: direction)
        let part = segment.pointee.adjacency + index
        do throws(DeedError) {
            try whenReplaced(index)
        } catch {
            prepared?.merged.part.free(pool)
            throw error
        }
        if let prepared, prepared.from == part.pointee.fingerprint {
            part.pointee.replace(by: prepared.merged, pool)
        } else {
            prepared?.merged.part.free(pool)
            let rows = segment.pointee.rowCount
            part.pointee.replace(by: try part.pointee.merged(rows: rows, adding: additions, pool, filter), pool)
        }
        reach(.mergeReplaced)
    }
}
