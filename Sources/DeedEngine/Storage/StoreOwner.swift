// Who has a store open for writing: the file WRITER says it in words, for whoever finds the store locked.
//
// The lock itself is the operating system's, on the file LOCK: it goes with the process that holds it, however that ends,
// and what stands in WRITER never keeps anybody out. A process writes the file when it has the lock and removes it before
// it lets go; one that is killed leaves it behind for the next to replace.

import Glibc

enum StoreOwner {
    static let fileName = "WRITER"

    /// Says that this process has the store. It need not succeed.
    static func announce(_ path: String) {
        let text = "process \(getpid()) (\(programName())) on host \(hostName()) since \(now())\n"
        let (file, draft) = ("\(path)/\(fileName)", "\(path)/\(fileName).new")
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        var copy = text
        let isWritten = copy.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
        Glibc.close(descriptor)
        if !isWritten || rename(draft, file) != 0 { unlink(draft) }
    }

    static func retract(_ path: String) { unlink("\(path)/\(fileName)") }

    /// The error for a store that another one has locked.
    static func lockedError(_ path: String) -> DeedError {
        guard let text = content(of: "\(path)/\(fileName)"), isPlausible(text) else {
            return DeedError(.storeLocked, "the store \(path) is open for writing in another process")
        }
        return DeedError(.storeLocked, "the store \(path) is open for writing: \(text)")
    }

    /// Between two owners the file may still name the first one: on this host it must be alive.
    private static func isPlausible(_ text: String) -> Bool {
        guard text.hasPrefix("process "), let number = Int32(text.dropFirst(8).prefix { $0.isNumber }) else { return false }
        return !text.contains(" on host \(hostName()) ") || kill(number, 0) == 0 || errno == EPERM
    }

    private static func content(of file: String) -> String? {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { buffer in
            let size = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            guard size > 0 else { return nil }
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<size]), as: UTF8.self)
            return text.split(separator: "\n").first.map(String.init)
        }
    }

    private static func programName() -> String { content(of: "/proc/self/comm") ?? "unknown" }

    private static func hostName() -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard gethostname(buffer.baseAddress.unsafelyUnwrapped, buffer.count - 1) == 0 else { return "unknown" }
            buffer[buffer.count - 1] = 0
            return String(cString: buffer.baseAddress.unsafelyUnwrapped)
        }
    }

    /// ISO 8601, in UTC.
    private static func now() -> String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            let size = strftime(buffer.baseAddress.unsafelyUnwrapped, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
            return size > 0 ? String(cString: buffer.baseAddress.unsafelyUnwrapped) : "unknown"
        }
    }
}
