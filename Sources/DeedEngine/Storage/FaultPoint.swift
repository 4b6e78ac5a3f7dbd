// The places at which tests make the disk fail or the process end. Production opens have no faults, and then reaching a
// point costs one comparison with nil.

/// Numbers are known to the environment (Sources/CDeedShims), which reaches the first ones by itself.
package enum FaultPoint: Int32, CaseIterable, Sendable {
    // Below RocksDB.
    case tableCreated = 1
    case tableSynced = 2
    case fileRenamed = 3
    case logSynced = 4
    case backupFileSynced = 5
    case backupListed = 6

    // Committing: before the log is written, after, when the rows carry the timestamp, when snapshots see it.
    case commitBegun = 10
    case commitLogged = 11
    case commitStamped = 12
    case commitPublished = 13

    // A checkpoint; see Checkpoint.swift for its steps.
    case checkpointBegun = 20
    case checkpointRowsWritten = 21
    case checkpointListsWritten = 22
    case checkpointRowsIngested = 23
    case checkpointListsIngested = 24
    case checkpointPublished = 25
    case checkpointFlushed = 26
    case checkpointAdopted = 27

    // Merging lists in memory.
    case mergePrepared = 30
    case mergeReplaced = 31

    // `compact()`.
    case compactBegun = 40
    case compactMerged = 41
    case compactSwept = 42
    case compactFamily = 43
    case compactDone = 44

    // A bulk load: its rows and lists are made, its files are finished, they are in the store but not yet named by the log.
    case bulkBegun = 50
    case bulkFilesWritten = 51
    case bulkIngested = 52

    // Opening a store.
    case openBegun = 60
    case openFilesOpened = 61
    case openDirectoryRead = 62
    case openRecordApplied = 63
    case openLogReplayed = 65
    case openPreparedResumed = 66
    case openDone = 64

    // Closing it.
    case closeBegun = 70
    case closeCheckpointed = 71
    case closeFilesClosed = 72
    case closeSealed = 73

    // Two-phase commit. Logged: the step is on disk and this process does not act on it yet.
    case prepareBegun = 80
    case prepareLogged = 81
    case prepareDone = 82
    case commitPreparedBegun = 83
    case commitPreparedLogged = 84
    case commitPreparedDone = 85
    case rollbackPreparedBegun = 86
    case rollbackPreparedLogged = 87
    case rollbackPreparedDone = 88

    // Making and dropping an index: its definition is committed, a segment's keys are collected, they are in the tree, no two
    // are equal, a checkpoint has the tree, it may be used; the drop is committed, and takes effect.
    case schemaDefined = 90
    case indexCollected = 91
    case indexEntered = 92
    case indexChecked = 93
    case indexWritten = 94
    case schemaReady = 95
    case schemaDropLogged = 96
    case schemaDropped = 97

    // A backup: checkpoints wait, its files are copied and listed, the log since the last one is in a file without its
    // name, in the archive, and what is too old is gone.
    case backupBegun = 100
    case backupCopied = 101
    case backupLogWritten = 102
    case backupLogArchived = 103
    case backupPurged = 104
}
