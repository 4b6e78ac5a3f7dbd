// Makes a good store of what can be read of a damaged one. Nothing of the damaged store is changed: what can be read is
// copied to a new store beside it, and at the end the two change places.
//
//   1. Take the lock. If the files cannot be opened as they are (a damaged manifest, a missing table), copy them and let
//      RocksDB make a new manifest from what is in its tables.
//   2. Copy the catalogue and the directory. Both are kept twice (see WriteBatch), so damage to one place loses nothing.
//   3. Copy every chunk that can be read and decoded. A property that is lost is null in its rows, relationships whose
//      ends are lost are gone, and so are the rows of a segment that no directory names; each loss is reported.
//   4. Make the adjacency lists again from the relationships, without those that have lost an end.
//   5. Copy the log above the mark, as far as it can be read and applied.
//   6. Verify the new store, and put it in the place of the old one, which is kept aside.

import CDeedShims
import CRocksDB
import Glibc

extension IntegrityReport {
    /// Repairs the store at `path`, which nobody may have open. With `keepsDamaged` the store as it was stays beside it, and
    /// `kept` says where; without, it is deleted once the new one is in its place. O(everything), and as much disk again.
    package static func repair(
        _ path: String, keepsDamaged: Bool, progress: @escaping Progress = { _, _ in true }
    ) throws(DeedError) -> Self {
        var options = KeyValueStore.Options()
        options.createIfMissing = false
        try KeyValueStore.checkDirectory(path, options)
        guard let environment = shim_environment_create(nil, false) else {
            throw DeedError(.outOfMemory, "no memory for a repair")
        }
        defer { rocksdb_env_destroy(environment) }
        let lock = try KeyValueStore.lock(path, environment)
        defer { shim_unlock(environment, lock) }
        let repair = Repair(path, progress)
        defer { repair.removeDrafts() }
        try repair.run()
        try repair.exchange(keepsDamaged: keepsDamaged)
        return repair.report
    }
}

private final class Repair {
    private let path: String
    private let progress: Progress
    private let draft: String
    private let copy: String
    private(set) var report = IntegrityReport()
    private var done = 0
    private var total = 0

    init(_ path: String, _ progress: @escaping Progress) {
        var path = path
        while path.count > 1 && path.last == "/" { path.removeLast() }
        self.path = path
        self.progress = progress
        draft = path + ".repaired"
        copy = path + ".copied"
    }

    func removeDrafts() {
        for folder in [draft, copy] { removeFolder(folder) }
    }

    func run() throws(DeedError) {
        removeDrafts()
        let source = try openSource()
        let salvage = try Salvage(from: source, to: draft, step)
        do throws(DeedError) {
            try salvage.copyCatalogue()
            try salvage.copyChunks()
            salvage.close()
            try makeLists()
            try salvage.copyLog()
        } catch {
            salvage.close()
            source.close()
            throw error
        }
        source.close()
        for finding in salvage.findings { report.add(finding.severity, finding.place, finding.message, lost: finding.lost) }
        try settle(hasLog: salvage.hasLog)
        let check = try IntegrityReport.verify(draft) { [self] _, _ in progress(done, max(total, done + 1)) }
        if let bad = check.findings.first(where: { $0.severity != .note }) {
            throw DeedError(.corruption, "the store cannot be repaired: \(bad.place): \(bad.message)")
        }
    }

    private func step() throws(DeedError) {
        done += 1
        total = max(total, done + 1)
        if !progress(done, total) { throw DeedError(.interrupted, "the repair was interrupted") }
    }

    // MARK: Opening what is damaged

    private func openSource() throws(DeedError) -> KeyValueStore {
        for problem in KeyValueStore.problems(ofSealed: path, everything: true) {
            report.add(.note, "the file \(problem.name)", problem.text)
        }
        do throws(DeedError) {
            return try KeyValueStore(path: path, options: sourceOptions)
        } catch {
            report.add(.warning, "the store", "did not open: \(error.message)")
        }
        try copyFiles()
        if let store = openWithNewestManifest() { return store }
        guard let options = rocksdb_options_create() else { throw DeedError(.outOfMemory, "no memory for a repair") }
        defer { rocksdb_options_destroy(options) }
        try checkingRocksDB(copy) { rocksdb_repair_db(options, copy, $0) }
        report.add(.warning, "the store", "the list of its tables was made again from the tables that can be read")
        return try KeyValueStore(path: copy, options: sourceOptions)
    }

    /// CURRENT only names the manifest in use, which is the newest one.
    private func openWithNewestManifest() -> KeyValueStore? {
        var newest = ""
        forEachFile(in: copy) { name, _ in
            if name.hasPrefix("MANIFEST-") && (name.utf8.count, name) > (newest.utf8.count, newest) { newest = name }
        }
        guard !newest.isEmpty, let file = fopen("\(copy)/CURRENT", "w") else { return nil }
        fputs("\(newest)\n", file)
        fclose(file)
        guard let store = try? KeyValueStore(path: copy, options: sourceOptions) else { return nil }
        report.add(.warning, "the file CURRENT", "was made again")
        return store
    }

    private var sourceOptions: KeyValueStore.Options {
        var options = KeyValueStore.Options()
        options.readOnly = true
        options.ignoresSeal = true
        return options
    }

    /// Tables and logs are linked where the file system can, the others copied, since a repair by RocksDB moves files.
    private func copyFiles() throws(DeedError) {
        guard mkdir(copy, 0o777) == 0 else { throw systemError("creating the directory", copy) }
        var failure: DeedError?
        forEachFile(in: path) { name, file in
            var info = stat()
            guard name != "LOCK", stat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return }
            if name.hasSuffix(".sst") && link(file, "\(copy)/\(name)") == 0 { return }
            do throws(DeedError) { try copyFile(file, to: "\(copy)/\(name)") } catch { failure = error }
        }
        if let failure { throw failure }
    }

    // MARK: What is made again

    /// Opens the new store without its log, and makes its lists from the relationships.
    private func makeLists() throws(DeedError) {
        let graph = try Graph(path: draft, options: GraphOptions())
        do throws(DeedError) {
            try graph.rebuildLists(step) { [self] id, type, end in
                report.add(
                    .error, "relationship \(id) of type '\(type)'", "its end, entity \(end), is lost",
                    lost: "the relationship")
            }
            try graph.close()
        } catch {
            try? graph.close()
            throw error
        }
    }

    /// Applies the log. If it cannot be applied (it may be about rows that are lost), the store stays as of its checkpoint.
    private func settle(hasLog: Bool) throws(DeedError) {
        if !hasLog { return }
        do throws(DeedError) {
            try Graph(path: draft, options: GraphOptions()).close()
        } catch {
            report.add(.error, "the log", "cannot be applied: \(error.message)", lost: "commits since the last checkpoint")
            let store = try KeyValueStore(path: draft)
            defer { store.close() }
            var batch = try WriteBatch(store)
            batch.deleteRange(.log, from: StoreKeys.log(0, 0), to: StoreKeys.log(.max, .max))
            try store.write(batch, sync: true)
            try store.flush(.log)
        }
    }

    // MARK: The exchange

    func exchange(keepsDamaged: Bool) throws(DeedError) {
        guard shim_rename(draft, path, true) else { throw systemError("exchanging \(draft) with", path) }
        if !keepsDamaged {
            removeFolder(draft)
            return
        }
        var number = 1
        while true {
            let name = "\(path).damaged-\(number)"
            if shim_rename(draft, name, false) {
                report.kept = name
                return
            }
            guard errno == EEXIST else { throw systemError("renaming the damaged store to", name) }
            number += 1
        }
    }
}

// MARK: Files

/// Removes a directory with what is in it, one level of directories below it included.
private func removeFolder(_ folder: String) {
    forEachFile(in: folder) { _, file in
        if unlink(file) != 0 {
            forEachFile(in: file) { _, inner in unlink(inner) }
            rmdir(file)
        }
    }
    rmdir(folder)
}

private func copyFile(_ from: String, to: String) throws(DeedError) {
    guard let content = readWholeFile(from) else { throw systemError("reading", from) }
    guard let file = fopen(to, "w") else { throw systemError("creating", to) }
    let written = fwrite(content, 1, content.count, file)
    guard fclose(file) == 0, written == content.count else { throw systemError("writing", to) }
}
