// Whether a whole text matches a regular expression, in time linear in the text: all ways through the expression are
// followed at once (Thompson's simulation), so that no pattern can make it take longer than steps x characters.
//
//   1. The tree becomes a list of steps: one character of a class, fork, jump, assertion, accept. A repetition with bounds
//      becomes copies of its body; the number of steps is bounded.
//   2. Matching keeps the set of steps that the text up to here can be at. Each character takes the set to the next one,
//      following forks, jumps and the assertions that hold at once, each step at most once per character.

import Glibc

package final class RegularExpression: Sendable {
    private enum Step: Sendable {
        case one(Int)
        case fork(Int, Int)
        case assertion(PatternAssertion, next: Int)
        case accept
    }

    private let steps: [Step]
    private let classes: [CharacterClass]

    /// Fails for what is no regular expression, or one too large to run.
    package init(_ pattern: String) throws(QueryError) {
        var compiler = Compiler()
        try compiler.emit(try PatternParser.parse(pattern))
        compiler.steps.append(.accept)
        (steps, classes) = (compiler.steps, compiler.classes)
    }

    // MARK: Compiling

    private struct Compiler {
        var steps: [Step] = []
        var classes: [CharacterClass] = []
        /// Bounds the work of repetitions whose body has no steps, too.
        private var visits = 0

        /// Steps that match the node and then go on with whatever is emitted next.
        mutating func emit(_ node: PatternNode) throws(QueryError) {
            visits += 1
            guard max(steps.count, visits / 4) < ValueLimits.patternStepsMax else {
                throw QueryError(
                    .argumentError, "InvalidRegularExpression",
                    "the regular expression has more than \(ValueLimits.patternStepsMax) steps, its repetitions multiplied out")
            }
            switch node {
            case .empty: break
            case .one(let members):
                steps.append(.one(classes.count))
                classes.append(members)
            case .sequence(let nodes): for node in nodes { try emit(node) }
            case .alternatives(let nodes): try emit(alternatives: nodes)
            case .repetition(let node, let min, let max): try emit(node, min: min, max: max)
            case .assertion(let assertion): steps.append(.assertion(assertion, next: steps.count + 1))
            }
        }

        private mutating func emit(alternatives nodes: [PatternNode]) throws(QueryError) {
            var exits: [Int] = []
            for (index, node) in nodes.enumerated() {
                let isLast = index == nodes.count - 1
                let fork = steps.count
                if !isLast { steps.append(.accept) }
                try emit(node)
                guard !isLast else { break }
                exits.append(steps.count)
                steps.append(.accept)
                steps[fork] = .fork(fork + 1, steps.count)
            }
            // A jump is a fork with one way.
            for exit in exits { steps[exit] = .fork(steps.count, steps.count) }
        }

        private mutating func emit(_ node: PatternNode, min: Int, max: Int?) throws(QueryError) {
            for _ in 0..<min { try emit(node) }
            guard let max else {
                let fork = steps.count
                steps.append(.accept)
                try emit(node)
                steps.append(.fork(fork, fork))
                steps[fork] = .fork(fork + 1, steps.count)
                return
            }
            var forks: [Int] = []
            for _ in min..<Swift.max(min, max) {
                forks.append(steps.count)
                steps.append(.accept)
                try emit(node)
            }
            for fork in forks { steps[fork] = .fork(fork + 1, steps.count) }
        }
    }

    // MARK: Matching

    package func matches(_ text: String, _ watch: (any WorkWatch)? = nil) throws -> Bool {
        try TextBytes.with(text) { try matches($0, watch) }
    }

    /// The bytes must be UTF-8.
    private func matches(_ text: UnsafeBufferPointer<UInt8>, _ watch: (any WorkWatch)?) throws -> Bool {
        let count = steps.count
        return try withUnsafeTemporaryAllocation(of: Int32.self, capacity: 5 * count) { memory in
            guard let base = memory.baseAddress else { return false }
            var run = Run(
                text: text, steps: steps, classes: classes, current: base, next: base + count, stack: base + 2 * count,
                marks: base + 4 * count)
            run.marks.initialize(repeating: -1, count: count)
            return try run.matches(watch)
        }
    }

    private struct Run {
        let text: UnsafeBufferPointer<UInt8>
        let steps: [Step]
        let classes: [CharacterClass]
        /// The steps that wait for the next character, or have accepted.
        var current: UnsafeMutablePointer<Int32>
        var next: UnsafeMutablePointer<Int32>
        let stack: UnsafeMutablePointer<Int32>
        /// For each step the last offset at which it was reached.
        let marks: UnsafeMutablePointer<Int32>

        mutating func matches(_ watch: (any WorkWatch)?) throws -> Bool {
            var count = 0
            var loop = WatchedLoop(watch)
            reach(0, at: 0, current, &count)
            var offset = 0
            while offset < text.count {
                if count == 0 { return false }
                try loop.step(count)
                let (value, size) = decode(at: offset)
                offset &+= size
                var nextCount = 0
                for index in 0..<count {
                    let step = Int(current[index])
                    guard case .one(let members) = steps[step], classes[members].contains(value) else { continue }
                    reach(step &+ 1, at: offset, next, &nextCount)
                }
                swap(&current, &next)
                count = nextCount
            }
            for index in 0..<count { if case .accept = steps[Int(current[index])] { return true } }
            return false
        }

        /// Adds the step, or where it leads without a character, to the list. Each step enters the stack at most twice.
        private func reach(_ start: Int, at offset: Int, _ list: UnsafeMutablePointer<Int32>, _ count: inout Int) {
            var height = 1
            stack[0] = Int32(truncatingIfNeeded: start)
            while height > 0 {
                height &-= 1
                let step = Int(stack[height])
                // Offsets stay below 2^31: texts are shorter.
                guard marks[step] != Int32(truncatingIfNeeded: offset) else { continue }
                marks[step] = Int32(truncatingIfNeeded: offset)
                switch steps[step] {
                case .one, .accept:
                    list[count] = Int32(truncatingIfNeeded: step)
                    count &+= 1
                case .fork(let first, let second):
                    stack[height] = Int32(truncatingIfNeeded: second)
                    stack[height &+ 1] = Int32(truncatingIfNeeded: first)
                    height &+= 2
                case .assertion(let assertion, let following):
                    guard holds(assertion, at: offset) else { continue }
                    stack[height] = Int32(truncatingIfNeeded: following)
                    height &+= 1
                }
            }
        }

        private func decode(at offset: Int) -> (value: UInt32, size: Int) {
            let first = UInt32(text[offset])
            if first < 0x80 { return (first, 1) }
            let size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard offset &+ size <= text.count else { return (first, text.count &- offset) }
            var value = first & (0xFF &>> UInt32(size &+ 1))
            for index in 1..<size { value = value &<< 6 | UInt32(text[offset &+ index]) & 0x3F }
            return (value, size)
        }

        // MARK: Assertions

        private func holds(_ assertion: PatternAssertion, at offset: Int) -> Bool {
            switch assertion {
            case .textStart: offset == 0
            case .textEnd: offset == text.count
            case .lastLineEnd: offset == text.count || offset &+ terminatorSize(at: offset) == text.count
            case .lineStart: offset == 0 || (offset < text.count && terminatorEnds(at: offset))
            case .lineEnd: offset == text.count || terminatorSize(at: offset) > 0
            case .wordBoundary: isWord(before: offset) != isWord(after: offset)
            case .noWordBoundary: isWord(before: offset) == isWord(after: offset)
            }
        }

        /// Bytes of the line terminator that starts here; 0 if none does, or if one is cut in two here.
        private func terminatorSize(at offset: Int) -> Int {
            guard offset < text.count else { return 0 }
            let (value, size) = decode(at: offset)
            switch value {
            case 0x0D: return offset &+ 1 < text.count && text[offset &+ 1] == 0x0A ? 2 : 1
            case 0x0A: return offset > 0 && text[offset &- 1] == 0x0D ? 0 : 1
            case 0x85, 0x2028, 0x2029: return size
            default: return 0
            }
        }

        private func terminatorEnds(at offset: Int) -> Bool {
            guard let value = scalar(before: offset) else { return false }
            if value == 0x0D { return text[offset] != 0x0A }
            return value == 0x0A || value == 0x85 || value == 0x2028 || value == 0x2029
        }

        private func scalar(before offset: Int) -> UInt32? {
            var start = offset
            repeat {
                guard start > 0 else { return nil }
                start &-= 1
            } while text[start] & 0xC0 == 0x80
            return decode(at: start).value
        }

        private func isWord(before offset: Int) -> Bool { scalar(before: offset).map(isWord) ?? false }
        private func isWord(after offset: Int) -> Bool { offset < text.count && isWord(decode(at: offset).value) }

        private func isWord(_ value: UInt32) -> Bool {
            guard let scalar = Unicode.Scalar(value) else { return false }
            if value < 128 { return CharacterClass.Property.word.holds(scalar) }
            return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        }
    }
}
