// From RocksDB's error texts and the operating system's error numbers to DeedError. RocksDB's C interface reports an
// error only as text: "<kind>: <subject>: <cause>", where the kinds are fixed words in its status.cc. An unknown kind
// is an internal error, text included.

import CRocksDB
import Glibc

/// Runs one call that takes RocksDB's `char **errptr`. `path` names the store in the message.
@inline(__always)
func checkingRocksDB<T>(
    _ path: String, _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T
) throws(DeedError) -> T {
    var message: UnsafeMutablePointer<CChar>?
    let result = call(&message)
    if let message { throw rocksDBError(takingOver: message, path) }
    return result
}

@inline(never)
func rocksDBError(takingOver message: UnsafeMutablePointer<CChar>, _ path: String) -> DeedError {
    defer { rocksdb_free(message) }
    let text = String(cString: message)
    return DeedError(rocksDBStatus(of: text), "the store \(path): \(text)")
}

func rocksDBStatus(of text: String) -> Status {
    if text.hasPrefix("IO error") {
        // The lock: "While lock file: <path>/LOCK: <cause>" from another process, "lock hold by current process, ..."
        // from this one.
        if text.contains("lock hold by current process") || text.contains("While lock file") {
            return text.contains("Permission denied") || text.contains("Read-only file system")
                ? .ioError : .storeLocked
        }
        return isNoSpace(text) ? .diskFull : .ioError
    }
    if isNoSpace(text) { return .diskFull }
    if text.hasPrefix("Corruption") { return .corruption }
    if text.hasPrefix("Shutdown in progress") { return .closed }
    if text.hasPrefix("Invalid argument") {
        // A family that this version does not know was made by a later one.
        if text.contains("Column families not opened") { return .newerFormat }
        if text.contains("does not exist") { return .ioError }
        // The files name a comparator, a merge operator or a family that no version of Deed writes.
        if text.contains("Column family not found") { return .corruption }
        return .invalidArgument
    }
    if text.hasPrefix("Not implemented") && text.contains("Read Only mode") { return .readOnly }
    if text.hasPrefix("Operation aborted") || text.hasPrefix("Result incomplete") { return .ioError }
    return .internalError
}

private func isNoSpace(_ text: String) -> Bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
        || text.contains("Max allowed space was reached")
}

/// The error of the last system call, in the system's words.
func systemError(_ action: String, _ path: String, _ number: Int32 = errno) -> DeedError {
    let status: Status = number == ENOSPC || number == EDQUOT ? .diskFull : .ioError
    return DeedError(status, "\(action) \(path): \(String(cString: strerror(number)))")
}

extension KeyValueStore {
    /// Says in plain words what RocksDB would say badly: a path that cannot be one, a file, a missing or forbidden
    /// directory. Something that appears in between still ends in RocksDB's own error.
    static func checkDirectory(_ path: String, _ options: Options) throws(DeedError) {
        if path.isEmpty || path.utf8.contains(0) {
            throw DeedError(.invalidArgument, "a path may not be empty or contain a zero byte")
        }
        var info = stat()
        guard stat(path, &info) == 0 else {
            let number = errno
            guard number == ENOENT else { throw systemError("opening the store", path, number) }
            if options.readOnly || !options.createIfMissing {
                throw DeedError(.ioError, "there is no store at \(path)")
            }
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw systemError("creating the directory", path) }
            return
        }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw DeedError(.ioError, "\(path) is a file; a store is a directory")
        }
        let mode = options.readOnly ? R_OK | X_OK : R_OK | W_OK | X_OK
        guard access(path, mode) == 0 else { throw systemError("opening the directory", path) }
    }
}
