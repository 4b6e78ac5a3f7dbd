// Backups: online, incremental, each as of one commit.
//
//   1. Checkpoints wait, so that the mark stays at or below the last commit, which will be the backup's.
//   2. The store's files are copied, those that are not there yet, and what the write-ahead log holds. What commits go on
//      to write may be among it; restoring drops it again. Once it is settled which files are copied, checkpoints go on.
//   3. The commits since the backup before are added to the directory's archive of the log, if they are retained.
// A crash in between leaves the earlier backups as they were.
//
// A backup's metadata: the word "deed", the last commit, the time in microseconds, and the identity of the store.

package struct BackupInfo: Sendable {
    package var id: UInt32
    package var sequence: Timestamp
    /// When it was begun, since the epoch.
    package var microseconds: Int64
    package var size: UInt64
    /// The directory has each commit between the backup before and this one.
    package var hasLog = false
    var identity: String

    init(id: UInt32, sequence: Timestamp, microseconds: Int64, size: UInt64, identity: String) {
        (self.id, self.sequence, self.microseconds, self.size) = (id, sequence, microseconds, size)
        self.identity = identity
    }

    init?(_ entry: BackupSet.Entry) {
        let words = entry.metadata.split(separator: " ")
        guard words.count == 4, words[0] == "deed", let sequence = Timestamp(words[1]), let time = Int64(words[2]) else {
            return nil
        }
        self.init(id: entry.id, sequence: sequence, microseconds: time, size: entry.size, identity: String(words[3]))
    }

    var metadata: String { "deed \(sequence) \(microseconds) \(identity)" }

    /// The backups in a directory, oldest first.
    package static func list(_ directory: String) throws(DeedError) -> [BackupInfo] {
        guard Files.exists(directory) else { throw DeedError(.ioError, "there is no directory \(directory)") }
        return try list(of: BackupSet(directory), directory)
    }

    static func list(of set: borrowing BackupSet, _ directory: String) throws(DeedError) -> [BackupInfo] {
        let archive = LogArchive(directory)
        var infos: [BackupInfo] = []
        for entry in set.entries {
            guard var info = BackupInfo(entry) else {
                throw DeedError(.corruption, "backup \(entry.id) in \(directory) was not made by Deed")
            }
            if let last = infos.last { info.hasLog = archive.covers(after: last.sequence, to: info.sequence) }
            infos.append(info)
        }
        return infos
    }
}

extension Graph {
    /// Adds a backup to a directory; the newest `keep` stay, or all if it is 0. O(what has changed since the last one).
    package func backUp(to directory: String, keep: Int = 0, progress: Progress) throws(DeedError) -> BackupInfo {
        backingUp.lock()
        defer { backingUp.unlock() }
        let earlier = Files.isVacant(directory) ? [] : try BackupInfo.list(directory)
        var info = try saveFiles(to: directory, after: earlier.last, progress)
        let archive = LogArchive(directory)
        if let last = earlier.last, isLogged {
            let reached = archive.pieces.last?.last ?? 0
            // From where the archive ends, or if the log does not reach back so far, from the backup before.
            for first in [max(reached, earlier[0].sequence), last.sequence] where !info.hasLog {
                info.hasLog = try archive.add(from: self, after: first, to: info.sequence)
            }
            reach(.backupLogArchived)
        }
        if keep > 0 && earlier.count + 1 > keep {
            try BackupSet.purge(directory, keep: keep)
            if let oldest = try BackupInfo.list(directory).first { archive.trim(to: oldest.sequence) }
            reach(.backupPurged)
        }
        return info
    }

    /// Writes the state into a vacant directory, for a replica to start from; returns the commit that it is the state after.
    package func exportCheckpoint(to directory: String) throws(DeedError) -> Timestamp {
        guard Files.isVacant(directory) else {
            throw DeedError(.invalidArgument, "there is something in \(directory) already")
        }
        return try backUp(to: directory) { _, _ in true }.sequence
    }

    private func saveFiles(
        to directory: String, after last: BackupInfo?, _ progress: Progress
    ) throws(DeedError) -> BackupInfo {
        try requireWritable()
        guard let store else { throw DeedError(.invalidArgument, "a graph in memory has no files to back up") }
        let identity = try store.identity()
        if let last, last.identity != identity {
            throw DeedError(.invalidArgument, "the directory \(directory) has backups of another store")
        }
        // Without a log only a checkpoint holds what was committed.
        if !isLogged { try checkpoint() }
        let total = try store.statistics().disk
        maintenance.beginCheckpoint()
        var holdsCheckpoints = true
        defer { if holdsCheckpoints { maintenance.endCheckpoint() } }
        reach(.backupBegun)
        var info = BackupInfo(
            id: 0, sequence: isLogged ? snapshots.lastCommit : lastMark.load(ordering: .relaxed),
            microseconds: Clock.microseconds(), size: 0, identity: identity)
        info.id = try store.backUp(to: directory, metadata: info.metadata) { copied in
            if copied > 0 && holdsCheckpoints {
                maintenance.endCheckpoint()
                holdsCheckpoints = false
            }
            return progress(min(copied, total), total)
        }
        reach(.backupCopied)
        for entry in try BackupSet(directory).entries where entry.id == info.id { info.size = entry.size }
        return info
    }
}
