// The morsels of a scan, handed to whoever asks next: one operator, or its clones on several threads.

import DeedEngine
import Synchronization

final class MorselSource: Sendable {
    struct Claim {
        var morsel: GraphView.Morsel
        /// False where every row of the table passes the scan's test.
        let needsTest: Bool
        /// The morsel's place in the scan, whenever it is claimed.
        let place: Int
    }

    private let claims: [Claim]
    private let next = Atomic<Int>(0)

    init(_ groups: [(morsels: [GraphView.Morsel], needsTest: Bool)]) {
        let flat = groups.flatMap { group in group.morsels.map { ($0, group.needsTest) } }
        claims = flat.enumerated().map { Claim(morsel: $1.0, needsTest: $1.1, place: $0) }
    }

    private init(_ claims: [Claim]) { self.claims = claims }

    var count: Int { claims.count }

    /// Rows of all morsels, those included that nobody sees.
    var rowCount: Int { claims.reduce(0) { $0 + $1.morsel.endRow - $1.morsel.row } }

    /// At the end a worker waits for half a piece of another one, on average.
    private static let piecesOfWorker = 32

    /// The same rows in pieces, several for each worker so that none of them waits long for another at the end.
    func divided(among workers: Int) -> MorselSource {
        let share = max(1, rowCount / (workers * Self.piecesOfWorker))
        // Whole vectors, where there are that many rows.
        let size = share < Chunk.rowsMax ? share : share / Chunk.rowsMax * Chunk.rowsMax
        var pieces: [Claim] = []
        for claim in claims {
            for piece in claim.morsel.divided(rowsMax: size) {
                pieces.append(Claim(morsel: piece, needsTest: claim.needsTest, place: claim.place))
            }
        }
        return MorselSource(pieces)
    }

    func claim() -> Claim? {
        let index = next.add(1, ordering: .relaxed).oldValue
        return index < claims.count ? claims[index] : nil
    }

    func rewind() { next.store(0, ordering: .relaxed) }

    /// The same morsels, those first where the rows are that come first in the order of a property.
    func ordered(by bound: ScanBound, _ view: GraphView) throws -> MorselSource {
        guard let key = view.propertyKey(bound.property) else { return self }
        let order = try view.order(claims.map(\.morsel), by: key, isDescending: bound.isDescending)
        return MorselSource(order.map { claims[$0] })
    }

    /// Every entity that passes the test may be in these; nil: every entity.
    static func entities(_ view: GraphView, _ test: LabelTest?) -> MorselSource {
        guard let test else { return MorselSource([(view.morsels(.entity, view.collections(label: nil)), false)]) }
        var sure: [NameId] = []
        var unsure: [NameId] = []
        if case .label(let name) = test {
            // A collection that may have the label and has only the label of its own name: it is that name.
            for collection in view.collections(label: name) {
                if view.hasOnlyItsLabel(collection) { sure.append(collection) } else { unsure.append(collection) }
            }
        } else {
            unsure = candidates(view, test) ?? view.collections(label: nil)
        }
        return MorselSource([(view.morsels(.entity, sure), false), (view.morsels(.entity, unsure), true)])
    }

    /// Collections outside of which nothing passes; nil if that cannot be told.
    private static func candidates(_ view: GraphView, _ test: LabelTest) -> [NameId]? {
        switch test {
        case .label(let name): return view.collections(label: name)
        case .any, .not: return nil
        case .and(let left, let right):
            guard let left = candidates(view, left) else { return candidates(view, right) }
            guard let right = candidates(view, right) else { return left }
            return left.filter { right.contains($0) }
        case .or(let left, let right):
            guard let left = candidates(view, left), let right = candidates(view, right) else { return nil }
            return left + right.filter { !left.contains($0) }
        }
    }

    static func relationships(_ view: GraphView, _ types: [String]) -> MorselSource {
        let tables = types.isEmpty ? view.allRelationshipTypes() : view.relationshipTypes(types)
        return MorselSource([(view.morsels(.relationship, tables), false)])
    }
}

extension LabelTest {
    /// Which of the entities pass, as bytes. Each label is looked up once for the whole batch.
    func evaluate(
        _ view: GraphView, _ ids: UnsafePointer<UInt64>, count: Int, into result: UnsafeMutablePointer<UInt8>
    ) throws {
        switch self {
        case .label(let name): try view.hasLabel(name, ids, count: count, into: result)
        case .any:
            for row in 0..<count { result[row] = try view.labels(of: ids[row]).isEmpty ? 0 : 1 }
        case .not(let test):
            try test.evaluate(view, ids, count: count, into: result)
            for row in 0..<count { result[row] ^= 1 }
        case .and(let left, let right), .or(let left, let right):
            try left.evaluate(view, ids, count: count, into: result)
            let other = UnsafeMutablePointer<UInt8>.allocate(capacity: max(count, 1))
            defer { other.deallocate() }
            try right.evaluate(view, ids, count: count, into: other)
            if case .and = self {
                for row in 0..<count { result[row] &= other[row] }
            } else {
                for row in 0..<count { result[row] |= other[row] }
            }
        }
    }
}
