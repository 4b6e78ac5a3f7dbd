// The log that a directory of backups keeps between one backup and the next, so that every commit in between can be
// restored to. A file holds the shipped records of consecutive commits, each after its size (8 bytes); its name says which:
//
//     <directory>/log/<last commit before>-<last commit>.records
//
// It is written under another name, synced, and renamed, so that what has such a name is complete.

import Glibc

struct LogArchive {
    struct Piece: Equatable {
        /// The file has the commits after `after`, up to `last`.
        let after: Timestamp
        let last: Timestamp
        let path: String
    }

    private let folder: String

    init(_ directory: String) { folder = "\(directory)/log" }

    /// What there is, in the order of the commits.
    var pieces: [Piece] {
        var found: [Piece] = []
        forEachFile(in: folder) { name, path in
            guard name.hasSuffix(".records") else { return }
            let numbers = name.dropLast(".records".count).split(separator: "-").compactMap { Timestamp($0) }
            if numbers.count == 2 { found.append(Piece(after: numbers[0], last: numbers[1], path: path)) }
        }
        return found.sorted { ($0.after, $0.last) < ($1.after, $1.last) }
    }

    /// True if each commit after `first` up to `last` is there.
    func covers(after first: Timestamp, to last: Timestamp) -> Bool {
        var reached = first
        for piece in pieces where piece.after <= reached { reached = max(reached, piece.last) }
        return reached >= last
    }

    // MARK: Writing

    /// Adds the commits after `first` up to `last`; false if the graph's log does not have them all.
    func add(from graph: Graph, after first: Timestamp, to last: Timestamp) throws(DeedError) -> Bool {
        if covers(after: first, to: last) { return true }
        guard let store = graph.store else { return false }
        do throws(DeedError) {
            try write(graph, store, after: first, to: last)
            return true
        } catch {
            if error.status == .notRetained { return false }
            throw error
        }
    }

    private func write(
        _ graph: Graph, _ store: KeyValueStore, after first: Timestamp, to last: Timestamp
    ) throws(DeedError) {
        let feed = try graph.changes(since: first)
        if !Files.exists(folder) {
            try Files.makeDirectory(folder)
            try Files.syncDirectory(Files.parent(of: folder))
        }
        let unfinished = "\(folder)/unfinished"
        do throws(DeedError) {
            var file = try PlainFileWriter(store, unfinished)
            var size = ByteBuffer(capacity: 16)
            while feed.sequence < last, try feed.advance(milliseconds: 0) {
                size.removeAll()
                size.append(fixed64: UInt64(feed.data.count))
                try file.append(size.bytes)
                try file.append(feed.data)
            }
            try file.finish()
        } catch {
            unlink(unfinished)
            throw error
        }
        graph.reach(.backupLogWritten)
        try store.moveFile(unfinished, to: "\(folder)/\(first)-\(last).records", in: folder)
    }

    /// Removes what is of use only for states before `sequence`.
    func trim(to sequence: Timestamp) {
        for piece in pieces where piece.last <= sequence { unlink(piece.path) }
    }

    // MARK: Reading

    /// Calls `body` with each record after `first`, as far as they follow each other, until it returns false.
    func forEachRecord(
        after first: Timestamp, _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Bool
    ) throws(DeedError) {
        var reached = first
        for piece in pieces where piece.after <= reached && piece.last > reached {
            if try !read(piece, after: reached, body) { return }
            reached = piece.last
        }
    }

    private func read(
        _ piece: Piece, after first: Timestamp, _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Bool
    ) throws(DeedError) -> Bool {
        guard let file = fopen(piece.path, "rb") else { throw systemError("opening", piece.path) }
        defer { fclose(file) }
        var info = stat()
        guard fstat(fileno(file), &info) == 0 else { throw systemError("reading", piece.path) }
        var left = Int(info.st_size)
        var record = ByteBuffer(capacity: 4096)
        for sequence in piece.after..<piece.last {
            var sizeBytes: UInt64 = 0
            guard fread(&sizeBytes, 1, 8, file) == 8, let size = Int(exactly: UInt64(littleEndian: sizeBytes)), size <= left - 8
            else { throw damaged(piece) }
            left -= size + 8
            record.removeAll()
            guard fread(record.appendUninitialized(size), 1, size, file) == size,
                try ShippedRecord.open(record.bytes).header.sequence == sequence + 1
            else { throw damaged(piece) }
            if sequence >= first, try !body(record.bytes) { return false }
        }
        return true
    }

    private func damaged(_ piece: Piece) -> DeedError {
        DeedError(.corruption, "the file \(piece.path) is damaged or cut off")
    }
}
