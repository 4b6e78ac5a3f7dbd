// How much of the log is kept below the mark. Recovery needs none of it; second processes that follow the store need what
// was written since the checkpoint before the last, and a change feed as much as its readers may fall behind.
//
// The log is kept in whole stretches, a stretch being what was committed between two checkpoints:
//   1. A checkpoint ends a stretch, whose size and time it notes.
//   2. It drops the oldest stretches, as long as what stays is as many bytes and as old as the policy asks for. The newest
//      stretch always stays, for those who follow.
//   3. The record of a bulk load names chunks of the store instead of holding rows. They stay readable as long as the
//      record does: a checkpoint that replaces such a chunk leaves the old one, and the one that drops the record
//      deletes it.
//
// The state is saved with each checkpoint, in the same batch. Value of "log" in the family meta, all varints:
//   the last timestamp that was dropped; count of stretches, for each its last timestamp, bytes and time (microseconds);
//   count of bulk loads in what is kept, for each its generation and its timestamp;
//   for each kind of name how many of them records have defined. The catalogue may have more, which no record has used
//   yet: the first that does must define them, or whoever reads only the log would not know them.

import Synchronization

/// What a user wants kept. The larger of the two counts.
package struct LogRetentionPolicy: Sendable, Equatable {
    /// At least so many bytes of the newest log; `Int.max` keeps everything.
    package var bytes = 0
    /// Everything that was committed in so many seconds.
    package var seconds = 0

    package init(bytes: Int = 0, seconds: Int = 0) {
        self.bytes = bytes
        self.seconds = seconds
    }
}

final class LogRetention: Sendable {
    struct Stretch: Equatable {
        var end: Timestamp
        var bytes: Int
        /// When the stretch ended.
        var microseconds: Int64
    }

    struct State {
        /// The last commit whose record is gone.
        var dropped: Timestamp = 0
        /// Oldest first.
        var stretches: [Stretch] = []
        /// Generation and timestamp of the bulk loads whose records are kept.
        var loads: [UInt64: Timestamp] = [:]
        /// By kind of name.
        var namesLogged = [Int](repeating: 0, count: NameKind.allCases.count)
    }

    /// What a checkpoint is about to do. `state` becomes the present one when it is written.
    struct Plan {
        var state: State
        /// The bulk loads whose records go.
        var droppedLoads: [UInt64] = []
        fileprivate var bytesTaken = 0
    }

    private let state = Mutex(State())
    private let policy: Mutex<LogRetentionPolicy>
    /// Bytes of records since the last stretch ended.
    private let bytes = Atomic<Int>(0)

    init(_ policy: LogRetentionPolicy) { self.policy = Mutex(policy) }

    func setPolicy(_ wanted: LogRetentionPolicy) { policy.withLock { $0 = wanted } }

    func noteRecord(bytes count: Int) { bytes.add(count, ordering: .relaxed) }

    /// A bulk load was committed: its chunks stay until its record goes.
    func noteLoad(generation: UInt64, at timestamp: Timestamp) { state.withLock { $0.loads[generation] = timestamp } }

    /// True for chunks that a record which is kept refers to.
    func isRetained(_ generation: UInt64) -> Bool { state.withLock { $0.loads[generation] != nil } }

    /// The last commit whose record is gone.
    var dropped: Timestamp { state.withLock { $0.dropped } }

    // MARK: Checkpoints

    /// Ends a stretch at `mark` and decides what of the log goes.
    func plan(mark: Timestamp, microseconds now: Int64, namesLogged: [Int]) -> Plan {
        var plan = Plan(state: state.withLock { $0 })
        plan.state.namesLogged = namesLogged
        let policy = policy.withLock { $0 }
        let last = plan.state.stretches.last?.end ?? plan.state.dropped
        if mark > last {
            plan.bytesTaken = bytes.load(ordering: .relaxed)
            plan.state.stretches.append(Stretch(end: mark, bytes: plan.bytesTaken, microseconds: now))
        }
        var kept = plan.state.stretches.reduce(0) { $0 &+ $1.bytes }
        let oldest = now &- Int64(clamping: policy.seconds).multipliedReportingOverflow(by: 1_000_000).partialValue
        while plan.state.stretches.count > 1, policy.bytes < Int.max, let first = plan.state.stretches.first {
            let isWanted = kept &- first.bytes < policy.bytes || policy.seconds > 0 && first.microseconds >= oldest
            if isWanted { break }
            kept &-= first.bytes
            plan.state.dropped = first.end
            plan.state.stretches.removeFirst()
        }
        let dropped = plan.state.dropped
        plan.droppedLoads = plan.state.loads.filter { $0.value <= dropped }.map(\.key).sorted()
        for generation in plan.droppedLoads { plan.state.loads[generation] = nil }
        return plan
    }

    /// The plan is on disk.
    func adopt(_ plan: Plan) {
        bytes.subtract(plan.bytesTaken, ordering: .relaxed)
        state.withLock { state in
            // Loads that were committed meanwhile are not in the plan.
            let mark = plan.state.stretches.last?.end ?? plan.state.dropped
            let newer = state.loads.filter { $0.value > mark }
            state = plan.state
            state.loads.merge(newer) { old, _ in old }
        }
    }

    /// Starts at a mark without a log below it, as a store of an earlier format does.
    func begin(at mark: Timestamp) { state.withLock { $0 = State(dropped: mark) } }

    /// How many names of each kind records had defined at the last checkpoint.
    var namesLogged: [Int] { state.withLock { $0.namesLogged } }

    static func encode(_ state: State, into buffer: inout ByteBuffer) {
        buffer.append(varint: state.dropped)
        buffer.append(varint: UInt64(state.stretches.count))
        for stretch in state.stretches {
            buffer.append(varint: stretch.end)
            buffer.append(varint: UInt64(stretch.bytes))
            buffer.append(varint: UInt64(bitPattern: stretch.microseconds))
        }
        buffer.append(varint: UInt64(state.loads.count))
        for (generation, timestamp) in state.loads.sorted(by: { $0.key < $1.key }) {
            buffer.append(varint: generation)
            buffer.append(varint: timestamp)
        }
        for count in state.namesLogged { buffer.append(varint: UInt64(count)) }
    }

    func decode(_ reader: inout ByteReader) throws(DeedError) {
        var read = State()
        read.dropped = try reader.readVarint()
        for _ in 0..<(try reader.readCount(max: reader.remaining)) {
            let end = try reader.readVarint()
            let bytes = Int(clamping: try reader.readVarint())
            read.stretches.append(Stretch(end: end, bytes: bytes, microseconds: Int64(bitPattern: try reader.readVarint())))
        }
        for _ in 0..<(try reader.readCount(max: reader.remaining)) {
            let generation = try reader.readVarint()
            read.loads[generation] = try reader.readVarint()
        }
        for kind in NameKind.allCases { read.namesLogged[Int(kind.rawValue)] = try reader.readCount(max: Limits.namesMax) }
        let decoded = read
        state.withLock { $0 = decoded }
    }
}
