// Restoring a backup, and the commits after it up to a point in time.
//
//   1. The files are copied to a directory beside the target, every byte checked against its checksum.
//   2. The copy is opened up to the backup's own commit; what was written while it was made is dropped.
//   3. Commits that follow come from the directory's archive, then from the log of another store if one is given, and are
//      applied as a replica applies them, until the point that was asked for.
//   4. The copy is closed and renamed to the target. Whatever fails before that leaves nothing at the target.

import Glibc

package struct RestoreOptions: Sendable {
    /// 0: the newest that is not beyond the limits.
    package var backup: UInt32 = 0
    package var untilSequence = Timestamp.max
    package var untilMicroseconds = Int64.max
    /// A store whose log goes on where the backup's ends.
    package var log: String?
    /// The backup as it is, without the commits that are known after it.
    package var onlyBackup = false

    package init() {}
}

package struct Restore {
    private let directory: String
    private let path: String
    private let options: RestoreOptions

    package init(from directory: String, to path: String, _ options: RestoreOptions) {
        self.directory = directory
        self.path = path
        self.options = options
    }

    /// Makes the store; returns its last commit.
    package func run() throws(DeedError) -> Timestamp {
        guard Files.isVacant(path) else { throw DeedError(.invalidArgument, "there is something at \(path) already") }
        guard Files.exists(directory) else { throw DeedError(.ioError, "there is no directory \(directory)") }
        let set = try BackupSet(directory)
        let backup = try choose(from: try BackupInfo.list(of: set, directory))
        let copy = "\(path).restoring"
        Files.removeTree(copy)
        do throws(DeedError) {
            try set.restore(backup.id, to: copy)
            let sequence = try complete(copy, backup)
            // An empty directory may stand where the store goes.
            rmdir(path)
            try Files.move(copy, to: path)
            return sequence
        } catch {
            Files.removeTree(copy)
            throw error
        }
    }

    private func choose(from backups: [BackupInfo]) throws(DeedError) -> BackupInfo {
        let fitting = backups.filter {
            (options.backup == 0 || $0.id == options.backup) && $0.sequence <= options.untilSequence
                && $0.microseconds <= options.untilMicroseconds
        }
        if let newest = fitting.last { return newest }
        if options.backup != 0 && !backups.contains(where: { $0.id == options.backup }) {
            throw DeedError(.notFound, "there is no backup \(options.backup) in \(directory)")
        }
        throw DeedError(.notFound, "there is no backup in \(directory) from before the point to restore to")
    }

    /// Brings the copy to the point to restore to.
    private func complete(_ copy: String, _ backup: BackupInfo) throws(DeedError) -> Timestamp {
        var graphOptions = GraphOptions()
        graphOptions.isReplica = true
        graphOptions.createIfMissing = false
        graphOptions.durability = .async
        graphOptions.recoverUntil = backup.sequence
        let graph = try Graph(path: copy, options: graphOptions)
        do throws(DeedError) {
            guard graph.snapshots.lastCommit == backup.sequence else {
                throw DeedError(
                    .corruption, "backup \(backup.id) has commit \(graph.snapshots.lastCommit) as its last instead of "
                        + "\(backup.sequence)")
            }
            if !options.onlyBackup {
                try applyArchive(to: graph)
                try applyLog(to: graph, backup)
            }
            let last = graph.snapshots.lastCommit
            if options.untilSequence < .max && last < options.untilSequence {
                throw DeedError(.notRetained, "commit \(last + 1) is in no log, so commit \(options.untilSequence) is out of reach")
            }
            try graph.close()
            return last
        } catch {
            // The error that counts is the one at hand.
            try? graph.close()
            throw error
        }
    }

    private func applyArchive(to graph: Graph) throws(DeedError) {
        try LogArchive(directory).forEachRecord(after: graph.snapshots.lastCommit) { record throws(DeedError) in
            try apply(record, to: graph)
        }
    }

    private func applyLog(to graph: Graph, _ backup: BackupInfo) throws(DeedError) {
        guard let path = options.log else { return }
        var logOptions = GraphOptions()
        logOptions.isReadOnly = true
        let source = try Graph(path: path, options: logOptions)
        do throws(DeedError) {
            guard try source.store?.identity() == backup.identity else {
                throw DeedError(.invalidArgument, "the backup is not one of the store at \(path)")
            }
            if source.snapshots.lastCommit > graph.snapshots.lastCommit {
                let feed = try source.changes(since: graph.snapshots.lastCommit)
                while try feed.advance(milliseconds: 0), try apply(feed.data, to: graph) {}
            }
            try source.close()
        } catch {
            try? source.close()
            throw error
        }
    }

    /// False if the record is beyond the point to restore to.
    private func apply(_ record: UnsafeRawBufferPointer, to graph: Graph) throws(DeedError) -> Bool {
        let sequence = try ShippedRecord.open(record).header.sequence
        let time = try ShippedRecord.commitTime(of: record)
        if sequence > options.untilSequence || time > options.untilMicroseconds { return false }
        _ = try graph.applyRecord(record)
        return true
    }
}
