// The bytes of a compiled zone file (TZif, RFC 8536).
//
// A header of 44 bytes ("TZif", the version, 15 unused bytes, six counts), a block of 32-bit data for old readers, then,
// from version 2 on, a second header, the same data with 64-bit moments, and the footer: a rule between two line feeds.
// All numbers are big-endian. Nothing is taken on trust: each read is within bounds, or the file is refused.

enum ZoneFile {
    struct Table {
        var moments: [Int64] = []
        var offsets: [Int32] = []
        var rule: ZoneRule?
    }

    private struct Counts {
        var isUniversal = 0, isStandard = 0, leaps = 0, moments = 0, types = 0, characters = 0

        func size(momentBytes: Int) -> Int {
            moments * (momentBytes + 1) + types * 6 + characters + leaps * (momentBytes + 4) + isStandard + isUniversal
        }
    }

    private static let headerSize = 44
    /// More than any real zone has; it keeps sums of counts from overflowing.
    private static let countMax: UInt64 = 1 << 20

    static func parse(_ bytes: [UInt8]) -> Table? {
        guard let old = header(bytes, at: 0), bytes[4] >= UInt8(ascii: "2") else { return nil }
        let second = headerSize + old.size(momentBytes: 4)
        guard let counts = header(bytes, at: second) else { return nil }
        let start = second + headerSize
        let end = start + counts.size(momentBytes: 8)
        guard end <= bytes.count, counts.types > 0 else { return nil }

        let typeIndexes = start + counts.moments * 8
        let types = typeIndexes + counts.moments
        func offset(ofType type: Int) -> Int32 { Int32(truncatingIfNeeded: number(bytes, types + type * 6, 4)) }

        var table = Table()
        table.moments.reserveCapacity(counts.moments)
        table.offsets = [offset(ofType: 0)]
        for index in 0..<counts.moments {
            let moment = Int64(bitPattern: number(bytes, start + index * 8, 8))
            let type = Int(bytes[typeIndexes + index])
            guard type < counts.types, abs(Int64(offset(ofType: type))) <= Zone.fileOffsetMax,
                table.moments.last.map({ $0 < moment }) ?? true
            else { return nil }
            // What changes only a name or daylight saving's flag is no change of offset.
            if offset(ofType: type) == table.offsets.last { continue }
            table.moments.append(moment)
            table.offsets.append(offset(ofType: type))
        }
        guard abs(Int64(table.offsets[0])) <= Zone.fileOffsetMax else { return nil }
        table.rule = footer(bytes, from: end)
        return table
    }

    private static func header(_ bytes: [UInt8], at start: Int) -> Counts? {
        guard start + headerSize <= bytes.count, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
        let counts = (0..<6).map { number(bytes, start + 20 + $0 * 4, 4) }
        guard counts.allSatisfy({ $0 <= countMax }) else { return nil }
        return Counts(
            isUniversal: Int(counts[0]), isStandard: Int(counts[1]), leaps: Int(counts[2]), moments: Int(counts[3]),
            types: Int(counts[4]), characters: Int(counts[5]))
    }

    private static func footer(_ bytes: [UInt8], from start: Int) -> ZoneRule? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\n"),
            let end = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        return ZoneRule(Array(bytes[(start + 1)..<end]))
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ size: Int) -> UInt64 {
        var result: UInt64 = 0
        for byte in bytes[start..<start + size] { result = result << 8 | UInt64(byte) }
        return result
    }
}
