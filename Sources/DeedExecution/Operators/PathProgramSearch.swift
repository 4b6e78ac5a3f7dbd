// Walks a path program from one entity. Paths are chains of records, each a step with the record before it.
//
// 1. Without a selector the records are a stack: depth first, all paths, and what is in memory is one path with the steps that
//    may be tried at each of its places.
// 2. With a selector they are a queue: breadth first, so that paths come in the order of their lengths, and for each end as many
//    as are wanted.
// 3. Where relationships may come again (WALK), a place that was reached as often as paths are wanted leads to nothing new.
// 4. Where they may not, the shortest paths are looked for as if they might: that visits every place once. What is found is
//    right if it breaks no rule; for ends where it does the search is done again, path by path.

import DeedEngine
import DeedValues

final class PathProgramSearch {
    struct Record {
        var previous: Int32
        var depth: Int32
        var entity: UInt64
        var relationship: UInt64
        /// -1 at the start of the path.
        var instruction: Int32
        var repetition: Int32
    }

    private struct Place: Hashable {
        let entity: UInt64
        let instruction: Int32
        let repetition: Int
    }

    private struct Found {
        var paths = 0
        var groups = 0
        var depth: Int32 = -1
    }

    private let context: QueryContext
    private let match: PathMatch
    let program: PathProgram
    private let expanders: [StepExpander]
    private let checks: [Slot: Evaluator]
    private let account: MemoryAccount
    private(set) var records: [Record] = []
    private var row = Chunk(slots: 0, count: 0)
    private var target: UInt64?
    private var moves: [PathProgram.Move] = []
    /// Records that are to be looked at: of the stack the last, of the queue from `head` on.
    private var open: [Int32] = []
    private var head = 0
    /// Records that end a path and have not been given out.
    private var due: [Int32] = []
    private var found: [UInt64: Found] = [:]
    private var places: [Place: Found] = [:]
    private var isOver = false
    /// True while the rule about what must not come again is left for the end.
    private var isRelaxed = false
    /// Ends to which nothing that was found obeys the rule.
    private var unsure: [UInt64] = []
    private var start: UInt64 = 0

    init(_ match: PathMatch, _ context: QueryContext) throws {
        (self.context, self.match) = (context, match)
        program = PathProgram(match)
        expanders = try program.instructions.map { try StepExpander($0.expansion, context) }
        var checks: [Slot: Evaluator] = [:]
        for end in match.parts.compactMap(\.end) {
            if let filter = end.filter { checks[end.slot] = try makeEvaluator(filter, context) }
        }
        self.checks = checks
        account = MemoryAccount(context)
    }

    /// `row` is one row of the input.
    func begin(_ row: Chunk, from start: UInt64, target: UInt64?) throws {
        (self.row, self.target, self.start, unsure) = (row, target, start, [])
        for expander in expanders { expander.begin(row, 0) }
        reset()
        if match.mode == .walk || !(match.which == .any(1) || match.which == .all) { return }
        isRelaxed = true
        defer { isRelaxed = false }
        try searchRelaxed()
    }

    private func reset() {
        (due, found, places, isOver, head) = ([], [:], [:], false, 0)
        account.clear()
        records = [Record(previous: -1, depth: 0, entity: start, relationship: 0, instruction: -1, repetition: 0)]
        open = [0]
    }

    /// Finds everything, without the rule, and notes the ends for which nothing obeys it.
    private func searchRelaxed() throws {
        while head < open.count && !isOver {
            try context.checkInterrupt()
            head += 1
            try expand(open[head - 1])
            try charge()
        }
        let ends = due
        due = ends.filter { obeys($0) }.reversed()
        isOver = true
        if due.count == ends.count { return }
        let reached = Set(due.map { records[Int($0)].entity })
        unsure = Set(ends.map { records[Int($0)].entity }).subtracting(reached).sorted()
    }

    /// Begins the search for the next end that is unsure, path by path; false if there is none.
    private func beginUnsure() -> Bool {
        guard let end = unsure.popLast() else { return false }
        target = end
        reset()
        return true
    }

    private func obeys(_ end: Int32) -> Bool {
        var seen: Set<UInt64> = []
        var index = end
        while index >= 0 {
            let record = records[Int(index)]
            if match.mode == .acyclic || record.previous >= 0 {
                if !seen.insert(match.mode == .acyclic ? record.entity : record.relationship).inserted { return false }
            }
            index = record.previous
        }
        return true
    }

    /// The number of the record that ends the next path; nil at the end.
    func next() throws -> Int32? {
        while true {
            if let record = due.popLast() { return record }
            if isOver || match.which != nil && head == open.count {
                if beginUnsure() { continue }
                return nil
            }
            try context.checkInterrupt()
            if match.which == nil {
                guard let record = open.popLast() else { return nil }
                // What came behind this record belongs to paths that are done with.
                records.removeSubrange((Int(record) + 1)...)
                try expand(record)
            } else {
                head += 1
                try expand(open[head - 1])
            }
            try charge()
        }
    }

    private func charge() throws {
        let bytes = records.count * MemoryLayout<Record>.stride + open.count * 4 + (found.count + places.count) * 48
        if bytes > account.bytes { try account.charge(bytes - account.bytes) }
        guard records.count < Int(Int32.max) / 2 else {
            throw DeedError(.limitExceeded, "a search for paths holds more than 2^30 of them")
        }
    }

    // MARK: Steps

    private func expand(_ index: Int32) throws {
        let record = records[Int(index)]
        let move = record.instruction < 0
            ? nil : PathProgram.Move(instruction: Int(record.instruction), repetition: Int(record.repetition))
        let ends = try program.moves(after: move, into: &moves) { try admits(record.entity, $0) }
        if ends { offer(index) }
        for move in moves where !isOver { try take(move, from: index) }
    }

    private func admits(_ entity: UInt64, _ condition: PathEntity) throws -> Bool {
        guard let check = checks[condition.slot] else { return true }
        var chunk = row
        chunk.set(condition.slot, ColumnVector([.entity(entity)]))
        if case .bool(true) = try check.evaluate(chunk, context).value(0) { return true }
        return false
    }

    private func take(_ move: PathProgram.Move, from index: Int32) throws {
        let instruction = program.instructions[move.instruction]
        let expander = expanders[move.instruction]
        if instruction.hasRepetitionFilter { expander.begin(withRepetition(upTo: index, instruction), 0) }
        var entity = records[Int(index)].entity
        var cursor = GraphView.ExpandCursor()
        while cursor.input < 1 {
            try context.checkInterrupt()
            let count = try expander.expand(&entity, count: 1, &cursor, max: context.chunkRows)
            for step in 0..<count where mayPass(expander.neighbors[step], expander.relationships[step], from: index) {
                add(expander.neighbors[step], expander.relationships[step], move, from: index)
            }
            try charge()
        }
    }

    private func add(_ entity: UInt64, _ relationship: UInt64, _ move: PathProgram.Move, from index: Int32) {
        let depth = records[Int(index)].depth + 1
        if (match.mode == .walk || isRelaxed) && match.which != nil && program.instructions[move.instruction].isForgetful {
            let place = Place(entity: entity, instruction: Int32(move.instruction), repetition: program.relevant(move))
            if !count(&places[place, default: Found()], depth) { return }
        }
        open.append(Int32(records.count))
        records.append(
            Record(
                previous: index, depth: depth, entity: entity, relationship: relationship,
                instruction: Int32(move.instruction), repetition: Int32(truncatingIfNeeded: move.repetition)))
    }

    private func mayPass(_ entity: UInt64, _ relationship: UInt64, from index: Int32) -> Bool {
        if match.mode == .walk || isRelaxed { return true }
        var index = index
        while index >= 0 {
            let record = records[Int(index)]
            if match.mode == .acyclic ? record.entity == entity : record.relationship == relationship { return false }
            index = record.previous
        }
        return true
    }

    /// The row with the slots of the repetition's steps that lead to the record.
    private func withRepetition(upTo index: Int32, _ instruction: PathProgram.Instruction) -> Chunk {
        var chunk = row
        var index = index
        while index >= 0 {
            let record = records[Int(index)]
            guard record.instruction >= 0 else { break }
            let step = program.instructions[Int(record.instruction)]
            // The last step of the repetition before, or of another part.
            if step.part != instruction.part || step.isLastOfRepetition { break }
            chunk.set(step.to, ColumnVector([.entity(record.entity)]))
            chunk.set(step.relationship, ColumnVector([.relationship(record.relationship)]))
            chunk.set(step.from, ColumnVector([.entity(records[Int(record.previous)].entity)]))
            index = record.previous
        }
        return chunk
    }

    // MARK: Ends

    private func offer(_ index: Int32) {
        let record = records[Int(index)]
        if let target, target != record.entity { return }
        if match.which == nil || count(&found[record.entity, default: Found()], record.depth) {
            due.append(index)
        } else if target != nil {
            isOver = true
        }
        if case .any(let count)? = match.which, target != nil, found[record.entity]?.paths == count { isOver = true }
    }

    /// Counts a path of this length; false if it is one too many.
    private func count(_ found: inout Found, _ depth: Int32) -> Bool {
        if depth != found.depth { (found.groups, found.depth) = (found.groups + 1, depth) }
        found.paths += 1
        return switch match.which {
        case .any(let count)?: found.paths <= count
        case .all?: found.groups <= 1
        case .groups(let count)?: found.groups <= count
        case nil: true
        }
    }
}
