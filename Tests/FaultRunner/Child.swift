// The processes that faults happen to. What they have begun, finished and failed at goes to a file, one line at a time,
// which survives whatever ends them.

import DeedEngine
import Glibc

/// How a child ends. Everything else is a crash.
enum Ending: Int32 {
    case finished = 0
    case stepFailed = 10
    case upkeepFailed = 11
    case openFailed = 12
    case wrong = 13
    case stopped = 86
}

/// The record of a store's steps.
struct Record {
    private let file: Int32
    private(set) var acknowledged = 0
    /// Begun, and nobody knows whether it was done.
    private(set) var isPending = false

    init(_ path: String) {
        file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = max(read(file, &bytes, bytes.count), 0)
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") {
            isPending = line.hasPrefix("try")
            if line.hasPrefix("ok") { acknowledged += 1 }
        }
    }

    mutating func begin(_ step: Int) { say("try \(step)") }

    mutating func finish(_ step: Int) {
        say("ok \(step)")
        acknowledged += 1
    }

    func say(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = write(file, $0.baseAddress, $0.count) }
    }
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

    /// Runs steps, with checkpoints and compactions in between, and closes.
    func run() -> Ending {
        var record = Record(store + ".steps")
        do throws(DeedError) {
            let graph = try open()
            let workload = try Workload(graph)
            var ending = Ending.finished
            for step in record.acknowledged..<record.acknowledged + Self.steps {
                record.begin(step)
                do throws(DeedError) {
                    try workload.run(step)
                } catch {
                    say("step \(step): \(error)")
                    return failed(workload, record.acknowledged)
                }
                record.finish(step)
                do throws(DeedError) {
                    if step % 4 == 3 { try graph.checkpoint() }
                    if step % 12 == 9 { try graph.compact() }
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

    /// After a failed step: what was acknowledged can still be read, and nothing more is accepted or it is true.
    private func failed(_ workload: Workload, _ acknowledged: Int) -> Ending {
        do throws(DeedError) {
            let found = try workload.found()
            if found != Workload.expected(after: acknowledged) {
                explain(found, Workload.expected(after: acknowledged))
                return .wrong
            }
        } catch {
            // What is not in memory may lie on a disk that cannot be read.
            say("reading: \(error)")
            if error.status != .ioError && error.status != .corruption { return .wrong }
        }
        try? workload.graph.close()
        return .stepFailed
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

    /// Compares the store with what is known of it.
    func check() -> Ending {
        let record = Record(store + ".steps")
        do throws(DeedError) {
            let graph = try open()
            let workload = try Workload(graph)
            let found = try workload.found()
            let isRight =
                found == Workload.expected(after: record.acknowledged)
                || record.isPending && found == Workload.expected(after: record.acknowledged + 1)
            if !isRight { explain(found, Workload.expected(after: record.acknowledged)) }
            // And it goes on.
            let next = found == Workload.expected(after: record.acknowledged) ? record.acknowledged : record.acknowledged + 1
            if isRight { try workload.run(next) }
            try graph.close()
            return isRight ? .finished : .wrong
        } catch {
            say("check: \(error)")
            return .wrong
        }
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
