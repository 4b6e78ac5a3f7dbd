// Checks everything about a store, without changing a byte of it:
//
//   1. the files: those that were sealed when the store was closed against their checksums, every table against its own;
//   2. the log: each record can be read, and none is missing in between;
//   3. the rows: every chunk that the directory names is there and can be read, every relationship has its ends, the
//      counts are right;
//   4. what is made from the rows: each list entry and each relationship once, against each other.
// A store that is open for writing may be verified too: what is looked at is its state at the beginning.

extension IntegrityReport {
    /// Verifies the store at `path`. `progress` gets units of work and may answer false to stop, which is `.interrupted`.
    /// Throws only when there is no store to look at. O(everything).
    package static func verify(_ path: String, progress: @escaping Progress = { _, _ in true }) throws(DeedError) -> Self {
        var options = KeyValueStore.Options()
        options.readOnly = true
        try KeyValueStore.checkDirectory(path, options)
        let verification = Verification(path, progress)
        try verification.run()
        return verification.report
    }
}

private final class Verification {
    private let path: String
    private let progress: Progress
    var report = IntegrityReport()
    /// Bytes that were read, for the reports.
    private var bytesDone = 0
    private var isInterrupted = false

    init(_ path: String, _ progress: @escaping Progress) {
        self.path = path
        self.progress = progress
    }

    func run() throws(DeedError) {
        let small = KeyValueStore.problems(ofSealed: path, everything: true)
        for problem in small {
            report.add(
                KeyValueStore.isNeeded(problem.name) ? .error : .warning, "the file \(problem.name)", problem.text,
                lost: KeyValueStore.isNeeded(problem.name) ? "the store does not open before it is repaired" : "")
        }
        if small.contains(where: { KeyValueStore.isNeeded($0.name) }) { return }
        if try verifyFiles() { try verifyGraph() }
    }

    /// False if the files cannot be opened at all.
    private func verifyFiles() throws(DeedError) -> Bool {
        let store: KeyValueStore
        do throws(DeedError) {
            var options = KeyValueStore.Options()
            options.readOnly = true
            store = try KeyValueStore(path: path, options: options)
        } catch {
            report.add(
                .error, "the store", "cannot be opened: \(error.message)",
                lost: "everything, before it is repaired")
            return false
        }
        defer { store.close() }
        let total = try store.statistics().tableFiles.reduce(0, +)
        try store.verifyTables { [self] family, problem in
            report.add(.error, "the file \(problem.name) of \(family)", problem.text, lost: "see what cannot be read below")
        } progress: { [self] size in
            bytesDone += Int(clamping: size)
            isInterrupted = !progress(bytesDone, max(total, bytesDone) * 2)
            return !isInterrupted
        }
        if isInterrupted { throw DeedError(.interrupted, "the verification was interrupted") }
        verifyLog(store)
        return true
    }

    private func verifyLog(_ store: KeyValueStore) {
        do throws(DeedError) {
            let mark = try store.get(.meta, StoreKeys.text("mark"))
            guard let mark else { return }
            var reader = ByteReader(mark.bytes)
            let last = try reader.readVarint()
            let gap = try store.forEachRecord(after: last) { _, _ throws(DeedError) in true }
            if let gap {
                report.add(
                    .error, "the log", "commits are missing before commit \(gap)", lost: "the commits from there on")
            }
        } catch {
            report.add(.error, "the log", error.message, lost: "commits since the last checkpoint")
        }
    }

    private func verifyGraph() throws(DeedError) {
        let graph: Graph
        do throws(DeedError) {
            var options = GraphOptions()
            options.isReadOnly = true
            graph = try Graph(path: path, options: options)
        } catch {
            report.add(
                .error, "the store", "cannot be opened: \(error.message)", lost: "everything, before it is repaired")
            return
        }
        let before = bytesDone
        let problems: [CheckProblem]
        do throws(DeedError) {
            problems = try graph.findProblems { [progress] done, total in
                // As much again as for the files.
                let share = total == 0 ? before : Int(Double(before) * Double(done) / Double(total))
                return progress(before + share, before * 2)
            }
            try countUnreferenced(graph)
        } catch {
            try? graph.close()
            throw error
        }
        for problem in problems {
            report.add(
                problem.isAboutRows ? .error : .warning, problem.place, problem.text,
                lost: problem.isAboutRows ? problem.place : "")
        }
        try graph.close()
    }

    private func countUnreferenced(_ graph: Graph) throws(DeedError) {
        do throws(DeedError) {
            let count = try graph.countUnreferencedChunks()
            if count > 0 {
                report.add(.note, "the store", "\(count) chunks that nothing refers to; compact() removes them")
            }
        } catch {
            if error.status == .interrupted { throw error }
            report.add(.error, "the store", error.message, lost: "see what cannot be read")
        }
    }
}
