// The table: every point with every fault. Each case has a store of its own:
//   1. a child works on it until the fault comes; for points of opening, an earlier child was stopped in the middle of
//      its work, and this one opens what it left;
//   2. if the fault ended the process, another is stopped while it recovers;
//   3. the last one opens the store, compares it with what was acknowledged, and goes on working.

import DeedEngine
import Glibc

struct FaultTable {
    let isFast: Bool

    struct Case {
        var point: FaultPoint
        var fault: KeyValueStore.Fault
    }

    struct Outcome {
        var text: String
        var isGood: Bool
    }

    /// At which of its occurrences the fault comes: not at the first, where there are several.
    static func count(_ point: FaultPoint) -> Int {
        switch point {
        case .commitBegun, .commitLogged, .commitStamped, .commitPublished: 14
        case .tableCreated, .tableSynced: 9
        case .logSynced: 12
        case .backupFileSynced: 9
        case .prepareLogged, .prepareDone: 4
        case .prepareBegun: 3
        case .commitPreparedBegun, .commitPreparedLogged, .commitPreparedDone, .rollbackPreparedBegun, .rollbackPreparedLogged,
            .rollbackPreparedDone: 2
        case .schemaDefined, .indexCollected, .indexEntered, .indexChecked, .indexWritten, .schemaReady: 2
        case .backupListed, .backupBegun, .backupCopied: 2
        case .checkpointBegun, .checkpointRowsWritten, .checkpointListsWritten, .checkpointRowsIngested,
            .checkpointListsIngested, .checkpointPublished, .checkpointFlushed, .checkpointAdopted: 4
        case .mergePrepared, .mergeReplaced: 5
        case .compactFamily: 3
        case .openRecordApplied: 2
        case .bulkBegun, .bulkFilesWritten, .bulkIngested: 2
        default: 1
        }
    }

    /// Where the child was stopped that left the store for one of opening: with log to replay, and with what the point needs.
    private static func before(_ point: FaultPoint) -> (FaultPoint, Int) {
        switch point {
        case .openPreparedResumed: (.prepareDone, 4)
        case .openLogReplayed: (.indexEntered, 2)
        default: (.commitLogged, 33)
        }
    }

    private static func isOpening(_ point: FaultPoint) -> Bool { (60..<70).contains(point.rawValue) }

    /// In every test run: each point with one fault of each family, and a full disk where an ingestion or a flush has half
    /// of its files; the rest takes turns.
    private var cases: [Case] {
        var cases: [Case] = []
        for (index, point) in FaultPoint.allCases.enumerated() {
            for fault in KeyValueStore.Fault.allCases {
                let isOften = fault == .stop || fault == .powerCut || fault == .writeError
                    || point == .tableSynced && (fault == .diskFull || fault == .partialWrite)
                if !isFast || isOften || Int(fault.rawValue) % 5 == index % 5 { cases.append(Case(point: point, fault: fault)) }
            }
        }
        return cases
    }

    // MARK: Running

    /// True if every case ended as it must.
    func run(writing file: String?) -> Bool {
        let folder = makeScratchFolder()
        defer { _ = spawn("/bin/rm", ["-rf", folder]) }
        let cases = self.cases
        var outcomes: [Outcome] = []
        for (index, one) in cases.enumerated() {
            let outcome = outcome(of: one, "\(folder)/\(index)")
            outcomes.append(outcome)
            if !outcome.isGood { print("FAILED: \(one.point), \(one.fault): \(outcome.text)") }
            _ = spawn("/bin/rm", ["-rf"] + ["", ".steps", ".backups", ".restored"].map { "\(folder)/\(index)\($0)" })
        }
        let failures = outcomes.count { !$0.isGood }
        print("\(cases.count) faults at \(FaultPoint.allCases.count) points: \(cases.count - failures) survived, \(failures) not")
        if let file { insert(markdown(cases, outcomes), into: file) }
        return failures == 0
    }

    private func outcome(of one: Case, _ store: String) -> Outcome {
        let isOpening = Self.isOpening(one.point)
        if isOpening {
            let (point, count) = Self.before(one.point)
            let status = child("run", store, point, .stop, count)
            if status != Ending.stopped.rawValue { return Outcome(text: "the first child ended with \(status)", isGood: false) }
        }
        let status = child(isOpening ? "visit" : "run", store, one.point, one.fault, Self.count(one.point))
        guard let ending = Ending(rawValue: status), ending != .wrong else {
            return Outcome(text: "the child ended with \(status)", isGood: false)
        }
        let isStop = one.fault.rawValue >= KeyValueStore.Fault.stop.rawValue
        if isStop != (ending == .stopped) { return Outcome(text: "ended with \(ending)", isGood: false) }
        if isStop {
            _ = child("visit", store, .openFilesOpened, one.fault, 1)
            _ = child("visit", store, .tableSynced, one.fault, 1)
        }
        let last = child("check", store)
        if last != 0 { return Outcome(text: "\(ending), and then the check ended with \(last)", isGood: false) }
        return Outcome(text: text(ending, one), isGood: true)
    }

    private func text(_ ending: Ending, _ one: Case) -> String {
        switch ending {
        case .stopped: "recovers"
        case .stepFailed: "commit fails, then all do"
        case .stepFailedOnce: "one attempt fails"
        case .upkeepFailed: (70..<80).contains(one.point.rawValue) ? "close fails" : "upkeep fails"
        case .openFailed: "open fails"
        default: "no effect"
        }
    }

    // MARK: Children

    private func child(
        _ mode: String, _ store: String, _ point: FaultPoint? = nil, _ fault: KeyValueStore.Fault? = nil, _ count: Int = 1
    ) -> Int32 {
        var arguments = [mode, store]
        if let point, let fault { arguments += ["\(point.rawValue)", "\(fault.rawValue)", "\(count)"] }
        return spawn(CommandLine.arguments[0], arguments)
    }

    // MARK: Writing

    private func markdown(_ cases: [Case], _ outcomes: [Outcome]) -> String {
        let faults = KeyValueStore.Fault.allCases
        var lines = ["| point | " + faults.map { "\($0)" }.joined(separator: " | ") + " |"]
        lines.append("|" + String(repeating: "---|", count: faults.count + 1))
        for point in FaultPoint.allCases {
            var cells = ["`\(point)`"]
            for fault in faults {
                let index = cases.firstIndex { $0.point == point && $0.fault == fault }
                cells.append(index.map { outcomes[$0].isGood ? outcomes[$0].text : "FAILED" } ?? "")
            }
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Puts the table in the place of the one that the document has.
    private func insert(_ table: String, into path: String) {
        let old = String(decoding: readFile(path), as: UTF8.self)
        let lines = old.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.firstIndex(where: { $0.hasPrefix("| point |") }) else { return }
        let last = lines[first...].firstIndex { !$0.hasPrefix("|") } ?? lines.endIndex
        let parts = lines[..<first] + table.split(separator: "\n") + lines[last...]
        writeFile(path, Array(parts.joined(separator: "\n").utf8))
    }
}
