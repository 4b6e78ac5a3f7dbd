// The processes that faults happen to.

import DeedEngine
import Glibc

/// How a child ends. Everything else is a crash.
enum Ending: Int32 {
    case finished = 0
    case stepFailed = 10
    case upkeepFailed = 11
    case openFailed = 12
    case wrong = 13
    /// A step failed, and the next attempt did not.
    case stepFailedOnce = 14
    case stopped = 86
}

struct Child {
    var store: String
    var faults = KeyValueStore.Faults()
    var durability = Durability.sync

    static let steps = 16

    func open() throws(DeedError) -> Graph {
        var options = GraphOptions()
        options.faults = faults
        options.memoryLimit = 64 << 20
        options.checkpointLogBytes = 0
        options.bulkRowsMin = 8
        return try Graph(path: store, options: options)
    }

    /// Runs steps, with upkeep in between, and closes.
    func run() -> Ending {
        var record = Record(store + ".steps")
        do throws(DeedError) {
            let graph = try open()
            let workload = try Workload(graph)
            var ending = Ending.finished
            for step in record.acknowledged..<record.acknowledged + Self.steps {
                record.begin(step)
                do throws(DeedError) {
                    try workload.run(step) { record.reach($0) }
                } catch {
                    say("step \(step): \(error)")
                    return failed(step, workload, &record)
                }
                record.finish(step)
                do throws(DeedError) {
                    try keepUp(workload, after: step, &record)
                } catch {
                    say("upkeep after step \(step): \(error)")
                    ending = .upkeepFailed
                }
            }
            do throws(DeedError) { try graph.close() } catch { ending = .upkeepFailed }
            return ending
        } catch {
            say("open: \(error)")
            return .openFailed
        }
    }

    /// After a failed step: what was acknowledged can still be read. If a commit has failed, no other gets through, also
    /// when the disk is well again; what failed before its commit, such as a read, may be tried again.
    private func failed(_ step: Int, _ workload: Workload, _ record: inout Record) -> Ending {
        defer { try? workload.graph.close() }
        do throws(DeedError) {
            if try !isRight(workload, after: record.acknowledged) { return .wrong }
        } catch {
            // What is not in memory may lie on a disk that cannot be read.
            say("reading: \(error)")
            if error.status != .ioError && error.status != .corruption { return .wrong }
        }
        faults.stop()
        do throws(DeedError) {
            // What is prepared already cannot be prepared again.
            if try !workload.graph.listPrepared().isEmpty { return .stepFailed }
            record.begin(step)
            try workload.run(step) { record.reach($0) }
            record.finish(step)
            return try isRight(workload, after: record.acknowledged) ? .stepFailedOnce : .wrong
        } catch {
            return .stepFailed
        }
    }

    /// Opens the store, reads everything, and closes it.
    func visit() -> Ending {
        do throws(DeedError) {
            let graph = try open()
            _ = try Workload(graph).found()
            try graph.close()
            return .finished
        } catch {
            say("visit: \(error)")
            return .openFailed
        }
    }

    /// Compares the store and its backups with what is known of them.
    func check() -> Ending {
        var record = Record(store + ".steps")
        do throws(DeedError) {
            let graph = try open()
            let workload = try Workload(graph)
            guard let steps = try settle(workload, record), try isRight(backups: record) else { return .wrong }
            // And it goes on.
            if steps > record.acknowledged { record.finish(record.acknowledged) }
            record.begin(steps)
            try workload.run(steps) { record.reach($0) }
            record.finish(steps)
            try backUp(graph, &record)
            if try !isRight(workload, after: steps + 1) { return .wrong }
            try graph.close()
            return try isRight(backups: record) ? .finished : .wrong
        } catch {
            say("check: \(error)")
            return .wrong
        }
    }

    /// Whether rows, indexes and prepared transactions are what they may be; ends the latter as they were meant to end. Gives
    /// the number of steps that the store then has, or nil if something is wrong.
    private func settle(_ workload: Workload, _ record: Record) throws(DeedError) -> Int? {
        let found = try workload.found()
        let isThere = record.isPending && found == Workload.expected(after: record.acknowledged + 1)
        let prepared = Set(try workload.graph.listPrepared().map { String(decoding: $0.gid, as: UTF8.self) })
        if !isThere && found != Workload.expected(after: record.acknowledged) {
            explain(found, Workload.expected(after: record.acknowledged))
            return nil
        }
        if !record.allows(prepared: prepared, isStepThere: isThere) {
            say("prepared at \(record.stages), the step is \(isThere ? "there" : "missing"): \(prepared.sorted())")
            return nil
        }
        if !record.allows(indexes: workload.indexNames) {
            say("indexes: \(workload.indexNames.sorted()), known: \(record.indexes)")
            return nil
        }
        for name in prepared { try workload.decide(name) }
        let isCommitted = isThere || prepared.contains(Workload.preparedName(record.acknowledged))
        let steps = record.acknowledged + (isCommitted ? 1 : 0)
        return try isRight(workload, after: steps) ? steps : nil
    }

    func isRight(_ workload: Workload, after steps: Int) throws(DeedError) -> Bool {
        let found = try workload.found()
        if found == Workload.expected(after: steps) { return true }
        explain(found, Workload.expected(after: steps))
        return false
    }

    func explain(_ found: Set<String>, _ expected: Set<String>) {
        say("missing: \(expected.subtracting(found).sorted().prefix(10))")
        say("too much: \(found.subtracting(expected).sorted().prefix(10))")
    }

    func say(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }
}
