// What a temporal value can have as its time zone: a fixed offset, or a named zone of the system's database.

import Glibc
import Synchronization

enum Zone: Sendable {
    case offset(Int32)
    case named(ZoneRules)

    static let utc = Zone.offset(0)
    /// What openCypher allows in a text or a map, as java.time does.
    static let offsetMax: Int64 = 18 * 3600
    /// What a zone file may hold. Local mean times and rules stay below it.
    static let fileOffsetMax: Int64 = 26 * 3600 - 1

    /// Empty for an offset.
    var name: String {
        if case .named(let rules) = self { return rules.name }
        return ""
    }

    func offset(at seconds: Int64) -> Int32 {
        switch self {
        case .offset(let offset): offset
        case .named(let rules): rules.offset(at: seconds)
        }
    }

    /// See `ZoneRules.resolve`.
    func resolve(local: Int64, preferring preferred: Int32? = nil) -> (seconds: Int64, offset: Int32) {
        switch self {
        case .offset(let offset): (local &- Int64(offset), offset)
        case .named(let rules): rules.resolve(local: local, preferring: preferred)
        }
    }

    /// `Z`, `+01:00` and its shorter forms, or a name; empty for UTC.
    static func parse(_ text: String) throws(QueryError) -> Zone {
        var scanner = TemporalScanner(Array(text.utf8))
        guard let first = scanner.peek else { return .utc }
        if first == UInt8(ascii: "+") || first == UInt8(ascii: "-") || (first == UInt8(ascii: "Z") && scanner.count == 1) {
            guard let offset = try scanner.offset(), scanner.isAtEnd else {
                throw .temporalValue("'\(text)' is no offset from UTC; write it as +01:00")
            }
            return .offset(offset)
        }
        return .named(try ZoneDatabase.rules(text))
    }

    static func of(_ value: ZonedDatetime) throws(QueryError) -> Zone {
        value.zone.isEmpty ? .offset(value.offset) : .named(try ZoneDatabase.rules(value.zone))
    }
}

/// The zones of `$TZDIR`, or /usr/share/zoneinfo, each read once. Any thread.
enum ZoneDatabase {
    /// Longer than any name there is ("America/Argentina/ComodRivadavia").
    private static let nameSizeMax = 64
    /// The largest file of the database has a tenth of it.
    private static let fileSizeMax = 65_536

    private static let directory: String = {
        guard let path = getenv("TZDIR"), path.pointee != 0 else { return "/usr/share/zoneinfo" }
        return String(cString: path)
    }()

    /// As many entries as the database has names, at most: only what was read is kept.
    private static let cache = Mutex<[String: ZoneRules]>([:])

    static func rules(_ name: String) throws(QueryError) -> ZoneRules {
        guard isPlausible(name) else { throw .temporalValue("'\(name)' is no time zone; it would be like Europe/Stockholm or +01:00") }
        if let known = cache.withLock({ $0[name] }) { return known }
        guard let bytes = read("\(directory)/\(name)") else {
            if access("\(directory)/Etc/UTC", R_OK) != 0 {
                throw .temporalValue(
                    "the time zone '\(name)' cannot be looked up: there is no zone database at \(directory); install the package tzdata")
            }
            throw .temporalValue("there is no time zone '\(name)' in \(directory)")
        }
        guard let rules = ZoneRules(name: name, file: bytes) else {
            throw .temporalValue("there is no time zone '\(name)': \(directory)/\(name) is no zone file of version 2 or later")
        }
        cache.withLock { $0[name] = rules }
        return rules
    }

    /// Words of ASCII letters, digits, `_`, `+`, `-`, joined by slashes; so no path can lead out of the directory.
    /// `right/` counts leap seconds, which no other time here does, and `posix/` repeats everything.
    private static func isPlausible(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.count <= nameSizeMax, !bytes.starts(with: "right/".utf8), !bytes.starts(with: "posix/".utf8)
        else { return false }
        let words = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return words.allSatisfy { word in
            guard let first = word.first, first | 0x20 >= UInt8(ascii: "a"), first | 0x20 <= UInt8(ascii: "z") else { return false }
            return word.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: fileSizeMax)
        var count = 0
        while count < fileSizeMax {
            let received = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, fileSizeMax - count) }
            if received < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if received == 0 { break }
            count += received
        }
        bytes.removeLast(fileSizeMax - count)
        return bytes
    }
}
