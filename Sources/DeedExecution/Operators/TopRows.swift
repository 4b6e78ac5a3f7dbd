// The first rows in order of those that one worker has seen. If they do not fit into memory they become sorted runs in a file,
// each of no more rows than are asked for; later rows still have to beat the last of a set that was complete.

import DeedEngine

final class TopRows {
    /// Those in memory.
    let rows: SortedRows
    private let count: Int
    private let held: HeldMemory
    private var runs: SortedRuns?

    /// Rows below which dropping some is not worth sorting them.
    private static let gatheredMin = 1_024

    /// `count`: rows that are asked for.
    init(_ rows: SortedRows, count: Int, _ context: QueryContext) {
        (self.rows, self.count) = (rows, count)
        held = HeldMemory(context)
    }

    /// True if rows have been dropped, so that more is known of those to come.
    func append(_ chunk: Chunk) throws -> Bool {
        try rows.appendBetter(chunk)
        let isMuch = rows.count >= Self.gatheredMin && rows.count / 2 >= count
        if isMuch { try rows.truncate(to: count) }
        if try !held.admits(rows.bytes) { try putAside() }
        return isMuch
    }

    private func putAside() throws {
        if rows.count > count { try rows.truncate(to: count) }
        let runs = try self.runs ?? rows.makeRuns()
        self.runs = runs
        try runs.append(rows)
        held.clear()
    }

    /// Takes in what other workers have, who have ended.
    func merge(_ others: ArraySlice<TopRows>) throws {
        held.workers = 1
        for other in others {
            if other.runs != nil { try other.putAside() }
            if let written = other.runs {
                if runs == nil { try putAside() }
                runs?.append(written)
            } else {
                try rows.append(other.rows)
                if try !held.admits(rows.bytes) { try putAside() }
            }
        }
    }

    /// What comes out if there are rows in files; nil if all are in memory.
    func merged() throws -> RunMerge? {
        guard let runs else { return nil }
        try putAside()
        return try runs.merge()
    }
}
