// The parts of a path as a program for walking it: one instruction for each step, in the order of walking, and what may follow
// each. A place in the program is an instruction and the number of its repetition.

import DeedEngine
import DeedValues

struct PathProgram {
    struct Instruction {
        /// In the order in which the path is written.
        let part: Int
        let step: Int
        let from: Slot
        let relationship: Slot
        let to: Slot
        let isLastOfRepetition: Bool
        /// True if the whole repetition is looked at behind this step.
        let hasRepetitionFilter: Bool
        /// True if what may follow does not depend on how the step was reached: no filter looks back on it later.
        let isForgetful: Bool
        /// The step as an expansion, for `StepExpander`.
        let expansion: VariableExpansion
    }

    /// A step that may be taken next.
    struct Move {
        let instruction: Int
        /// From 1.
        let repetition: Int
    }

    private struct Segment {
        let first: Int
        let min: Int
        let max: Int?
        /// What the entity behind it must satisfy.
        let check: PathEntity?
    }

    private(set) var instructions: [Instruction] = []
    private var segments: [Segment] = []
    /// By instruction.
    private var segmentOf: [Int] = []

    init(_ match: PathMatch) {
        let order = match.isReversed ? Array(match.parts.indices.reversed()) : Array(match.parts.indices)
        for (position, index) in order.enumerated() {
            let part = match.parts[index]
            // Walked backwards, the entity behind this part is the one behind the part before it.
            let isLast = position == order.count - 1
            let check = isLast ? nil : match.parts[match.isReversed ? index - 1 : index].end
            segments.append(Segment(first: instructions.count, min: part.min, max: part.max, check: check))
            let steps = match.isReversed ? Array(part.steps.indices.reversed()) : Array(part.steps.indices)
            for (count, number) in steps.enumerated() {
                segmentOf.append(position)
                instructions.append(
                    Self.instruction(match, part, index, number, isLast: count == steps.count - 1))
            }
        }
    }

    private static func instruction(
        _ match: PathMatch, _ part: PathPart, _ index: Int, _ number: Int, isLast: Bool
    ) -> Instruction {
        let step = part.steps[number]
        var (from, to, direction) = (step.from, step.to, step.direction)
        if match.isReversed {
            (from, to) = (to, from)
            direction = direction == .both ? .both : direction == .out ? .in : .out
        }
        let repetitionFilter = isLast ? part.filter : nil
        let base = Expansion(
            from: from, relationship: step.relationship, to: to, isInto: false, types: step.types, direction: direction,
            differsFrom: match.base.differsFrom)
        let filter = Expr.all([step.filter, repetitionFilter].compactMap { $0 })
        let expansion = VariableExpansion(
            base: base, min: 1, max: 1, mode: match.mode, stepFilter: filter, stepFrom: from,
            stepRelationship: step.relationship, stepTo: to, path: nil)
        return Instruction(
            part: index, step: number, from: from, relationship: step.relationship, to: to, isLastOfRepetition: isLast,
            hasRepetitionFilter: repetitionFilter != nil, isForgetful: isLast || part.filter == nil, expansion: expansion)
    }

    /// What may follow a move, or the start of the path (nil), at an entity; `ends` is true if the path may end there.
    /// `admits` tells whether an entity satisfies a condition.
    func moves(
        after move: Move?, into moves: inout [Move], admits: (PathEntity) throws -> Bool
    ) throws -> Bool {
        moves.removeAll(keepingCapacity: true)
        guard let move else { return try enter(0, &moves, admits) }
        let instruction = instructions[move.instruction]
        if !instruction.isLastOfRepetition {
            moves.append(Move(instruction: move.instruction + 1, repetition: move.repetition))
            return false
        }
        let position = segmentOf[move.instruction]
        let segment = segments[position]
        if segment.max.map({ move.repetition < $0 }) ?? true {
            moves.append(Move(instruction: segment.first, repetition: move.repetition + 1))
        }
        return move.repetition >= segment.min ? try leave(position, &moves, admits) : false
    }

    private func enter(_ position: Int, _ moves: inout [Move], _ admits: (PathEntity) throws -> Bool) throws -> Bool {
        if position == segments.count { return true }
        let segment = segments[position]
        if segment.max != 0 { moves.append(Move(instruction: segment.first, repetition: 1)) }
        return segment.min == 0 ? try leave(position, &moves, admits) : false
    }

    private func leave(_ position: Int, _ moves: inout [Move], _ admits: (PathEntity) throws -> Bool) throws -> Bool {
        if let check = segments[position].check, !(try admits(check)) { return false }
        return try enter(position + 1, &moves, admits)
    }

    /// The repetition as far as it matters for what may follow: beyond the least number without an upper bound, all are alike.
    func relevant(_ move: Move) -> Int {
        let segment = segments[segmentOf[move.instruction]]
        return segment.max == nil ? min(move.repetition, max(segment.min, 1)) : move.repetition
    }
}
