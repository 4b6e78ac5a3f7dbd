// How many rows a table had, and how often it had been changed, when something was found out about it; so that one can tell
// later whether that still holds.

import Synchronization

package struct TableState: Sendable {
    private let table: Table
    /// Committed at that time.
    package let rows: Int
    private let changes: Int

    init(_ table: Table) {
        self.table = table
        rows = table.rowCount.load(ordering: .relaxed)
        changes = table.changeCount.load(ordering: .relaxed)
    }

    /// About how many rows have come, changed or gone since then.
    private var changedRows: Int {
        let growth = table.rowCount.load(ordering: .relaxed) &- rows
        return max(abs(growth), table.changeCount.load(ordering: .relaxed) &- changes)
    }

    /// True if no more than a fifth of the rows has changed since then. Changes of up to `few` rows do not matter.
    package func isLike(now few: Int) -> Bool { changedRows <= max(few, rows / 5) }

    /// Tables with no more rows are small: they grow fast, and plans for them matter little.
    package static let smallRows = 1_000

    /// True if the number of rows is about what it was.
    package var hasSimilarSize: Bool { Self.areSimilar(rows, table.rowCount.load(ordering: .relaxed)) }

    package static func areSimilar(_ old: Int, _ new: Int) -> Bool {
        let (low, high) = (min(old, new), max(old, new))
        return high <= smallRows || high <= low * 4
    }
}
