// One time zone: which offset from UTC is in force when.
//
// Read from a compiled zone file (TZif, RFC 8536, version 2 and later): a table of the moments at which the offset
// changed, and a rule for what comes after the last of them. Everything asks for a span, the stretch of time around a
// moment through which one offset holds:
//
// 1. A moment's offset is that of its span.
// 2. A local time is looked up by walking the spans around it. It lies in one span (the usual case), in two where clocks
//    are set back (the earlier is taken, or the one whose offset is asked for), or in none where clocks are set forward:
//    then it is moved forward by the length of the gap. This is what java.time does, on which openCypher is modelled.

final class ZoneRules: Sendable {
    struct Span: Equatable {
        let offset: Int32
        /// The first second of the span, Int64.min for the first span.
        let start: Int64
        /// The first second after it, Int64.max for a span that does not end.
        let end: Int64
    }

    let name: String
    /// Ascending; from `moments[index]` on, `offsets[index + 1]` holds. `offsets[0]` is for what is before.
    private let moments: [Int64]
    private let offsets: [Int32]
    private let rule: ZoneRule?

    /// Nil if the bytes are no zone file.
    init?(name: String, file: [UInt8]) {
        guard let table = ZoneFile.parse(file) else { return nil }
        self.name = name
        (moments, offsets, rule) = (table.moments, table.offsets, table.rule)
    }

    func offset(at seconds: Int64) -> Int32 { span(at: seconds).offset }

    func span(at seconds: Int64) -> Span {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        let start = low == 0 ? Int64.min : moments[low - 1]
        if low < moments.count { return Span(offset: offsets[low], start: start, end: moments[low]) }
        guard let rule else { return Span(offset: offsets[low], start: start, end: .max) }
        let span = rule.span(at: seconds)
        return Span(offset: span.offset, start: max(start, span.start), end: span.end)
    }

    /// The moment of a local time, in seconds, and the offset then. `preferred` decides where clocks were set back.
    func resolve(local: Int64, preferring preferred: Int32?) -> (seconds: Int64, offset: Int32) {
        // No offset is larger, so the spans of this window are all that can hold the local time.
        let reach: Int64 = 26 * 3600
        var span = span(at: local &- reach)
        var found: Span?
        var gap: Int64?
        while true {
            let seconds = local &- Int64(span.offset)
            if seconds >= span.start, seconds < span.end, found == nil || span.offset == preferred { found = span }
            if span.end > local &+ reach || span.end == .max { break }
            let next = self.span(at: span.end)
            if seconds >= span.end, local &- Int64(next.offset) < next.start { gap = seconds }
            span = next
        }
        if let found { return (local &- Int64(found.offset), found.offset) }
        let seconds = gap ?? local &- Int64(span.offset)
        return (seconds, offset(at: seconds))
    }
}
