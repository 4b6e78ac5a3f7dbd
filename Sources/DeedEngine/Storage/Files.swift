// Files and directories that are not RocksDB's.

import Glibc

enum Files {
    static func exists(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }

    /// True for a directory without entries, and where there is nothing.
    static func isVacant(_ path: String) -> Bool {
        if !exists(path) { return true }
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { return false }
        var isEmpty = true
        forEachFile(in: path) { _, _ in isEmpty = false }
        return isEmpty
    }

    static func makeDirectory(_ path: String) throws(DeedError) {
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw systemError("creating the directory", path) }
    }

    /// Removes a directory with all that is in it; what is not there is nothing to do.
    static func removeTree(_ path: String) {
        var info = stat()
        guard lstat(path, &info) == 0 else { return }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        // Listed first: removing entries may make a listing pass over others.
        var files: [String] = []
        forEachFile(in: path) { _, file in files.append(file) }
        for file in files { removeTree(file) }
        rmdir(path)
    }

    /// Makes the entries of a directory durable.
    static func syncDirectory(_ path: String) throws(DeedError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw systemError("opening the directory", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError("syncing the directory", path) }
    }

    /// Renames, durably; both are in the same directory.
    static func move(_ source: String, to target: String) throws(DeedError) {
        guard rename(source, target) == 0 else { throw systemError("renaming to", target) }
        try syncDirectory(parent(of: target))
    }

    static func parent(of path: String) -> String {
        var rest = Substring(path)
        while rest.count > 1 && rest.hasSuffix("/") { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        return slash == rest.startIndex ? "/" : String(rest[..<slash])
    }
}
