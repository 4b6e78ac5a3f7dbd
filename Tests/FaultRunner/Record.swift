// The record of a store: what its children have begun, finished and failed at, one line at a time, in a file that survives
// whatever ends them. From it follows what the store must hold.

import DeedEngine
import Glibc

/// How far a step of two-phase commit has got; see Workload+Prepared.swift.
enum Stage: Int {
    case begun = 0
    case undonePrepared = 1
    case undoing = 2
    case undone = 3
    case prepared = 4
    case committing = 5
}

/// What is known of an index.
enum Presence: String {
    case there
    case gone
    /// It is being made or dropped.
    case either
}

struct Record {
    private let file: Int32
    private(set) var acknowledged = 0
    /// The step after those is begun, and nobody knows whether it was done.
    private(set) var isPending = false
    /// How far each attempt at it got.
    private(set) var stages: [Stage] = []
    private(set) var indexes: [String: Presence] = [:]
    /// By the last commit that they hold: after how many steps that was.
    private(set) var backups: [Timestamp: Int] = [:]
    /// The commits of the backups that were acknowledged, in order.
    private(set) var backupsDone: [Timestamp] = []

    init(_ path: String) {
        file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        for line in String(decoding: readFile(path), as: UTF8.self).split(separator: "\n") { take(line) }
    }

    private mutating func take(_ line: Substring) {
        let words = line.split(separator: " ")
        let numbers = words.compactMap { Int($0) }
        switch words[0] {
        case "try": (isPending, stages) = (true, stages + [.begun])
        case "stage": stages[stages.count - 1] = Stage(rawValue: numbers[0]) ?? .begun
        case "ok": (isPending, stages, acknowledged) = (false, [], acknowledged + 1)
        case "index": indexes[String(words[1])] = Presence(rawValue: String(words[2]))
        case "backup": backups[Timestamp(numbers[0])] = numbers[1]
        default: backupsDone.append(Timestamp(numbers[0]))
        }
    }

    private mutating func say(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = write(file, $0.baseAddress, $0.count) }
        take(Substring(line))
    }

    mutating func begin(_ step: Int) { say("try \(step)") }
    mutating func reach(_ stage: Stage) { say("stage \(stage.rawValue)") }
    mutating func finish(_ step: Int) { say("ok \(step)") }
    mutating func note(index: String, _ presence: Presence) { say("index \(index) \(presence.rawValue)") }
    mutating func beginBackup(of commit: Timestamp) { say("backup \(commit) \(acknowledged)") }
    mutating func finishBackup(of commit: Timestamp) { say("saved \(commit)") }

    // MARK: What must hold

    /// Whether these transactions may be prepared in a store that has the pending step or not.
    func allows(prepared: Set<String>, isStepThere: Bool) -> Bool {
        if !isPending || !Workload.isPrepared(acknowledged) { return prepared.isEmpty }
        return stages.contains { allows(prepared, isStepThere, after: $0) }
    }

    private func allows(_ prepared: Set<String>, _ isStepThere: Bool, after stage: Stage) -> Bool {
        let (undone, step) = (Workload.undoneName(acknowledged), Workload.preparedName(acknowledged))
        switch stage {
        case .begun, .undoing: return !isStepThere && prepared.isSubset(of: [undone])
        case .undonePrepared: return !isStepThere && prepared == [undone]
        case .undone: return !isStepThere && prepared.isSubset(of: [step])
        case .prepared: return !isStepThere && prepared == [step]
        case .committing: return prepared == (isStepThere ? [] : [step])
        }
    }

    func allows(indexes found: Set<String>) -> Bool {
        found.allSatisfy { indexes[$0] ?? .gone != .gone } && indexes.allSatisfy { $0.value != .there || found.contains($0.key) }
    }

    /// The last backup that was acknowledged must be there, and others with it, of which some may have failed later on.
    func allows(backups: [Timestamp], keep: Int) -> Bool {
        backups.count >= min(keep, backupsDone.count) && backupsDone.suffix(1).allSatisfy(backups.contains)
    }
}
