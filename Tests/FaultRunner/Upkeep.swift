// What the children do between steps, and how its outcome is checked: checkpoints, compactions, indexes that come and go,
// backups. It may fail without doing harm.

import DeedEngine
import Glibc

extension Child {
    static let backupsKept = 2
    private var backups: String { store + ".backups" }

    func keepUp(_ workload: Workload, after step: Int, _ record: inout Record) throws(DeedError) {
        let graph = workload.graph
        switch step % 12 {
        case 2, 8: try make(.byNumber, workload, &record)
        case 4: try make(.byPlace, workload, &record)
        case 6, 0: try drop(.byNumber, workload, &record)
        case 10: try drop(.byPlace, workload, &record)
        default: break
        }
        if step % 4 == 3 { try graph.checkpoint() }
        if step % 12 == 9 { try graph.compact() }
        if [5, 8, 1].contains(step % 12) && step > 1 { try backUp(graph, &record) }
    }

    // MARK: Indexes

    private func make(_ index: Workload.Index, _ workload: Workload, _ record: inout Record) throws(DeedError) {
        if workload.indexNames.contains(index.rawValue) { return }
        record.note(index: index.rawValue, .either)
        try workload.make(index)
        record.note(index: index.rawValue, .there)
    }

    private func drop(_ index: Workload.Index, _ workload: Workload, _ record: inout Record) throws(DeedError) {
        if !workload.indexNames.contains(index.rawValue) { return }
        record.note(index: index.rawValue, .either)
        try workload.graph.dropIndex(name: index.rawValue)
        record.note(index: index.rawValue, .gone)
    }

    // MARK: Backups

    func backUp(_ graph: Graph, _ record: inout Record) throws(DeedError) {
        record.beginBackup(of: graph.lastCommit)
        let info = try graph.backUp(to: backups, keep: Self.backupsKept) { _, _ in true }
        record.finishBackup(of: info.sequence)
    }

    /// Restores every backup, and the last state through the log after the first one, if there is that.
    func isRight(backups record: Record) throws(DeedError) -> Bool {
        let infos = try listBackups(record)
        if !record.allows(backups: infos.map(\.sequence), keep: Self.backupsKept) {
            say("backups of commits \(infos.map(\.sequence)), acknowledged \(record.backupsDone)")
            return false
        }
        for info in infos {
            var options = RestoreOptions()
            (options.backup, options.onlyBackup) = (info.id, true)
            if try !isRestored(options, to: info.sequence, record) { return false }
        }
        if let last = infos.last, infos.count > 1, infos.dropFirst().allSatisfy(\.hasLog) {
            var options = RestoreOptions()
            (options.backup, options.untilSequence) = (infos[0].id, last.sequence)
            if try !isRestored(options, to: last.sequence, record) { return false }
        }
        return true
    }

    /// Before the first backup is there the directory may be in any state.
    private func listBackups(_ record: Record) throws(DeedError) -> [BackupInfo] {
        do throws(DeedError) {
            return try BackupInfo.list(backups)
        } catch {
            if record.backupsDone.isEmpty { return [] }
            throw error
        }
    }

    private func isRestored(_ options: RestoreOptions, to commit: Timestamp, _ record: Record) throws(DeedError) -> Bool {
        let path = store + ".restored"
        defer { _ = spawn("/bin/rm", ["-rf", path]) }
        guard let steps = record.backups[commit] else {
            say("a backup of commit \(commit), which nobody has made")
            return false
        }
        guard try Restore(from: backups, to: path, options).run() == commit else { return false }
        let copy = try Child(store: path).open()
        defer { try? copy.close() }
        let isRight = try isRight(Workload(copy), after: steps)
        if !isRight { say("in a backup of commit \(commit)") }
        return isRight
    }
}
