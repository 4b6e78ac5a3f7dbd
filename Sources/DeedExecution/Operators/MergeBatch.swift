// MERGE for many rows at once. Row by row, each row finds what those before it have made; a batch comes to the same if what a row
// finds depends on a key alone:
//
// 1. The values of the pattern are evaluated for all rows: together they are the key of a row.
// 2. One run of the pattern's plan finds what was there before the batch.
// 3. Of the rows that found nothing, the first with each key creates, and the others with that key match what it created.
// 4. ON CREATE is applied to what was created, ON MATCH to what was found, in order of row. Where no constraint could tell the
//    difference, what ON CREATE sets is written together with what the pattern says.
//
// The pattern must be one entity, or one relationship between entities that are bound: what a row creates of a larger one could
// be found together with parts that were there. Changes must leave alone what the pattern looks at and read nothing of the graph
// but their own element, since they come later here than row by row. And keys must be values that are equal to themselves,
// which nulls and NaN are not, nor lists that contain them. Whatever is otherwise goes row by row.

import DeedEngine
import DeedValues

final class MergeBatch {
    private let context: QueryContext
    private let pattern: MergePattern
    private let match: Operator
    private let creator: Creator
    /// Of the pattern's elements with what ON CREATE sets; nil if that has to come afterwards.
    private let completion: MergeCompletion?
    private let onCreate: Changer
    private let onMatch: Changer
    private let keys: [Evaluator]
    private let keyReads: ChangeReads
    /// Of the keys and the changes.
    private let reads: ChangeReads
    private let changed: [String]?

    /// Rows that are found for a batch, at most: beyond it the batch goes row by row, which holds what is found for one row.
    private static let foundMax = 32 * Chunk.rowsMax

    init(
        _ pattern: MergePattern, match: Operator, _ creator: Creator, _ completion: MergeCompletion?, onCreate: Changer,
        onMatch: Changer, changes: [Change], _ context: QueryContext
    ) throws {
        (self.context, self.pattern, self.match, self.creator) = (context, pattern, match, creator)
        (self.completion, self.onCreate, self.onMatch) = (completion, onCreate, onMatch)
        keys = try pattern.properties.map { try makeEvaluator($0.value, context) }
        keyReads = ChangeReads(pattern.properties.map(\.value))
        reads = ChangeReads(changes, and: pattern.properties.map(\.value))
        changed = changes.isEmpty ? nil : changes.changedProperties
    }

    /// The rows with what was found or created for them, or nil if they have to go row by row; then nothing has happened yet.
    func merge(_ rows: Chunk) throws -> [Chunk]? {
        guard rows.count > 1, mayGoTogether(rows) else { return nil }
        let fields = try keys.map { try $0.evaluate(rows, context) }
        guard fields.allSatisfy({ isOwnEqual($0, rows.count) }), let ends = try ends(rows),
            let before = try find(rows)
        else { return nil }
        let missing = rowsWithout(before, rows.count)
        guard missing.count > 0 else { return try finish(rows, found: before, created: nil) }
        let numbers = UnsafeMutablePointer<UInt32>.allocate(capacity: missing.count)
        defer { numbers.deallocate() }
        let table = KeyTable(width: ends.count + fields.count)
        table.insert((ends + fields).map { $0.gathered(missing) }, count: missing.count, into: numbers)
        var (firsts, repeated) = ([UInt32](), [(row: UInt32, number: Int)]())
        for place in 0..<missing.count {
            if Int(numbers[place]) == firsts.count {
                firsts.append(missing.rows[place])
            } else {
                repeated.append((missing.rows[place], Int(numbers[place])))
            }
        }
        let selection = Selection(firsts)
        let created = try create(rows.selecting(selection), fields.map { $0.gathered(selection) })
        if before.count == 0 && repeated.isEmpty { return [created] }
        guard let made = created.columns[pattern.slot]?.vector else {
            throw DeedError(.internalError, "MERGE has created nothing")
        }
        let new = firsts.indices.map { Match(row: firsts[$0], id: made.ids[$0]) }
        let again = repeated.map { Match(row: $0.row, id: new[$0.number].id) }
        return try finish(rows, found: Self.merged(before, again), created: new)
    }

    private func create(_ rows: Chunk, _ fields: [ColumnVector]) throws -> Chunk {
        if let completion, completion.isUnnoticed(context) { return try completion.create(rows, fields, context) }
        let created = try creator.create(rows, fields: fields)
        if !onCreate.isEmpty { try onCreate.apply(created) }
        return created
    }

    private func mayGoTogether(_ rows: Chunk) -> Bool {
        if keyReads.isOpaque { return false }
        guard let changed else { return true }
        return reads.readsNothing(but: pattern.slot, rows) && !context.view.hasUniqueIndex(overAnyOf: changed)
    }

    private func isOwnEqual(_ column: ColumnVector, _ count: Int) -> Bool {
        if column.nulls != nil { return false }
        return switch column.kind {
        case .bool, .int64, .string, .date: true
        case .float64: (0..<count).allSatisfy { !column.floats[$0].isNaN }
        case .any: column.values.allSatisfy(isOwnEqual)
        case .null, .entity, .relationship: false
        }
    }

    private func isOwnEqual(_ value: Value) -> Bool {
        switch value {
        case .bool, .int, .decimal, .string, .date, .localTime, .localDatetime: true
        case .float(let number): !number.isNaN
        default: false
        }
    }

    /// What a relationship is found by besides its properties; nothing for an entity, nil if an end is null.
    private func ends(_ rows: Chunk) throws -> [ColumnVector]? {
        guard let (source, target) = pattern.ends else { return [] }
        let vectors = [ColumnVector(.entity, capacity: rows.count), ColumnVector(.entity, capacity: rows.count)]
        try copyIds(rows.columns[source], .entity, count: rows.count, into: vectors[0].ids)
        try copyIds(rows.columns[target], .entity, count: rows.count, into: vectors[1].ids)
        for row in 0..<rows.count {
            let (left, right) = (vectors[0].ids[row], vectors[1].ids[row])
            if left == 0 || right == 0 { return nil }
            // In either direction it is the same.
            if pattern.isUndirected { (vectors[0].ids[row], vectors[1].ids[row]) = (min(left, right), max(left, right)) }
        }
        return vectors
    }

    // MARK: Matches

    private struct Match {
        let row: UInt32
        /// 0 where nobody asks for the element.
        let id: UInt64
    }

    /// What the pattern finds for the rows, in their order; nil if that is too much for all rows at once.
    private func find(_ rows: Chunk) throws -> [Match]? {
        let numbers = ColumnVector(.int64, capacity: rows.count)
        for row in 0..<rows.count { numbers.ints[row] = Int64(row) }
        var handed = rows
        handed.columns.append(ChunkColumn(numbers))
        match.reset(argument: handed)
        var found: [Match] = []
        while let chunk = try match.next() {
            try context.checkInterrupt()
            guard let parents = chunk.columns[rows.columns.count] else {
                throw DeedError(.internalError, "what MERGE finds does not say for which row")
            }
            let elements = pattern.isBound ? chunk.columns[pattern.slot] : nil
            for row in 0..<chunk.count {
                let id = elements.map { $0.vector.ids[$0.position(row)] } ?? 0
                found.append(Match(row: UInt32(parents.vector.ints[parents.position(row)]), id: id))
            }
            if found.count > Self.foundMax { return nil }
        }
        return found
    }

    private func rowsWithout(_ matches: [Match], _ count: Int) -> Selection {
        var isMatched = [Bool](repeating: false, count: count)
        for match in matches { isMatched[Int(match.row)] = true }
        return Selection((0..<UInt32(count)).filter { !isMatched[Int($0)] })
    }

    /// Both in order of row, in which no row is in both.
    private static func merged(_ left: [Match], _ right: [Match]) -> [Match] {
        if right.isEmpty { return left }
        if left.isEmpty { return right }
        var result: [Match] = []
        result.reserveCapacity(left.count + right.count)
        var next = 0
        for match in left {
            while next < right.count && right[next].row < match.row {
                result.append(right[next])
                next += 1
            }
            result.append(match)
        }
        return result + right[next...]
    }

    /// Changes what was found, and gives out the rows in their order.
    private func finish(_ rows: Chunk, found: [Match], created: [Match]?) throws -> [Chunk] {
        let matched = chunks(rows, found)
        if !onMatch.isEmpty { for chunk in matched { try onMatch.apply(chunk) } }
        return created.map { chunks(rows, Self.merged(found, $0)) } ?? matched
    }

    private func chunks(_ rows: Chunk, _ matches: [Match]) -> [Chunk] {
        stride(from: 0, to: matches.count, by: Chunk.rowsMax).map { first in
            let piece = matches[first..<min(first + Chunk.rowsMax, matches.count)]
            var chunk = rows.selecting(Selection(piece.map(\.row)))
            guard pattern.isBound else { return chunk }
            let ids = ColumnVector(pattern.ends == nil ? .entity : .relationship, capacity: piece.count)
            for (row, match) in piece.enumerated() { ids.ids[row] = match.id }
            chunk.set(pattern.slot, ids)
            return chunk
        }
    }
}

/// What a pattern looks for whose rows can be merged together.
struct MergePattern {
    let slot: Slot
    /// Of a relationship.
    let ends: (source: Slot, target: Slot)?
    let isUndirected: Bool
    /// Whether what is found is in `slot`: a relationship without a name may not be.
    let isBound: Bool
    let properties: [(key: String, value: Expr)]

    /// nil if the rows have to go one by one.
    init?(_ match: PlanNode, _ creations: [Creation], changes: [Change]) {
        guard creations.count == 1 else { return nil }
        switch creations[0] {
        case .entity(let slot, _, .map(let properties)?) where !properties.isEmpty && match.seeksEntity:
            (self.slot, ends, isUndirected, self.properties) = (slot, nil, false, properties)
        case .relationship(let slot, let source, let target, _, let properties):
            guard let direction = match.expandedDirection else { return nil }
            (self.slot, ends, isUndirected) = (slot, (source, target), direction == .both)
            switch properties {
            case nil: self.properties = []
            case .map(let entries)?: self.properties = entries
            default: return nil
            }
        default: return nil
        }
        isBound = match.slotsBound().contains(slot)
        let names = properties.map(\.key)
        let reads = ChangeReads(properties.map(\.value))
        guard Set(names.map(NameKey.init)).count == names.count, !reads.read.union(reads.used).contains(slot) else { return nil }
        for change in changes {
            switch change {
            case .setProperty(.slot(slot), let key, _) where !names.contains { $0.utf8.elementsEqual(key.utf8) }: continue
            case .addLabels(slot, _): continue
            default: return nil
            }
        }
    }
}

extension PlanNode {
    /// True if it finds entities by an index, for each row by itself.
    fileprivate var seeksEntity: Bool {
        switch kind {
        case .seekIndex(let child, _, _, _, .equal): if case .argument = child.kind { true } else { false }
        case .filter(let child, _): child.seeksEntity
        default: false
        }
    }

    /// The direction in which it looks for one relationship between entities that the row has.
    fileprivate var expandedDirection: ExpandDirection? {
        switch kind {
        case .expand(let child, let expansion):
            if case .argument = child.kind, expansion.isInto { expansion.direction } else { nil }
        case .filter(let child, _): child.expandedDirection
        default: nil
        }
    }
}
