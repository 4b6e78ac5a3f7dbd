// Values as text, for outputs that have no type of their own for them.
//
//   string                 as it is; inside a list or map, quoted as JSON
//   boolean, integer       true, false, digits
//   float                  the shortest digits that give the same number back; NaN, Infinity, -Infinity
//   decimal                all its digits: 1.50; in a list or map as a JSON number
//   bytes                  base64
//   date, times            ISO 8601, proleptic Gregorian. Seconds are left out when there are none, fractions have 3, 6
//                          or 9 digits, years beyond four digits a sign: 12:30, 12:30:05.250Z, +12024-01-01
//   datetime with a zone   2015-06-24T12:50:35.556+02:00[Europe/Berlin]
//   duration               as openCypher writes it: P1Y2M3DT4H5M6.5S, PT0S
//   list, vector, map      JSON; what JSON lacks (temporal values, bytes, NaN and infinities) as strings
//
// Bytes that are not the encoding of their type, and years beyond 999,999,999, are Corruption errors.

import DeedValues

/// Appends the text of a value; null is `null`.
package func appendText(of cell: Cell, to buffer: inout ByteBuffer) throws(DeedError) {
    switch cell.type {
    case .null: buffer.append(text: "null")
    case .bool: buffer.append(text: cell.bits != 0 ? "true" : "false")
    case .int64: buffer.append(integer: Int64(bitPattern: cell.bits))
    case .float64: buffer.append(number: Double(bitPattern: cell.bits))
    case .string: buffer.append(cell.bytes)
    case .bytes: buffer.append(base64: cell.bytes)
    case .decimal: buffer.append(description: try Decimal(decoding: cell.bytes).description)
    case .list, .map, .vector: try appendJSON(of: cell, depth: 1, to: &buffer)
    default: try appendTemporalText(of: cell, to: &buffer)
    }
}

private func appendTemporalText(of cell: Cell, to buffer: inout ByteBuffer) throws(DeedError) {
    switch cell.type {
    case .date: try buffer.append(dateOfDays: Int64(bitPattern: cell.bits))
    case .localTime: try buffer.append(timeOfNanoseconds: Int64(bitPattern: cell.bits))
    case .zonedTime:
        let value = try ZonedTimeValue(decoding: cell.bytes)
        try buffer.append(timeOfNanoseconds: value.nanoseconds)
        buffer.append(offset: value.offset)
    case .localDatetime:
        let value = try LocalDatetimeValue(decoding: cell.bytes)
        try buffer.append(datetimeOfSeconds: value.seconds, nanoseconds: value.nanoseconds)
    case .zonedDatetime:
        let value = try ZonedDatetimeValue(decoding: cell.bytes)
        let (local, overflow) = value.seconds.addingReportingOverflow(Int64(value.offset))
        guard !overflow else { throw outOfRange("a datetime") }
        try buffer.append(datetimeOfSeconds: local, nanoseconds: value.nanoseconds)
        buffer.append(offset: value.offset)
        if !value.zone.isEmpty {
            buffer.append(UInt8(ascii: "["))
            buffer.append(value.zone)
            buffer.append(UInt8(ascii: "]"))
        }
    default:
        let value = try DurationValue(decoding: cell.bytes)
        guard 0..<1_000_000_000 ~= value.nanoseconds else { throw outOfRange("a duration") }
        buffer.append(duration: value)
    }
}

private func appendJSON(of cell: Cell, depth: Int, to buffer: inout ByteBuffer) throws(DeedError) {
    switch cell.type {
    case .null, .bool, .int64, .decimal: try appendText(of: cell, to: &buffer)
    case .float64: buffer.append(jsonNumber: Double(bitPattern: cell.bits))
    case .string: buffer.append(quoted: cell.bytes)
    case .list:
        var reader = try ListReader(cell.bytes, depth: depth)
        buffer.append(UInt8(ascii: "["))
        var isFirst = true
        while let item = try reader.next() {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            try appendJSON(of: item, depth: depth + 1, to: &buffer)
        }
        buffer.append(UInt8(ascii: "]"))
    case .map:
        var reader = try MapReader(cell.bytes, depth: depth)
        buffer.append(UInt8(ascii: "{"))
        var isFirst = true
        while let entry = try reader.next() {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            buffer.append(quoted: entry.key)
            buffer.append(UInt8(ascii: ":"))
            try appendJSON(of: entry.value, depth: depth + 1, to: &buffer)
        }
        buffer.append(UInt8(ascii: "}"))
    case .vector: try buffer.append(vector: cell.bytes)
    default:
        // Neither base64 nor the text of a temporal value holds anything that needs escaping, but a zone name might.
        var text = ByteBuffer()
        try appendText(of: cell, to: &text)
        buffer.append(quoted: text.bytes)
    }
}

private func outOfRange(_ what: String) -> DeedError { DeedError(.corruption, "\(what) is out of range") }

// MARK: The parts of the text

extension ByteBuffer {
    package mutating func append(text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func append(integer value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(digits: value.magnitude, width: 1)
    }

    /// Decimal digits, with zeros before them up to `width`.
    fileprivate mutating func append(digits value: UInt64, width: Int) {
        var size = 1
        var rest = value / 10
        while rest > 0 {
            size += 1
            rest /= 10
        }
        size = max(size, width)
        let start = appendUninitialized(size)
        rest = value
        for position in stride(from: size - 1, through: 0, by: -1) {
            start.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: position, as: UInt8.self)
            rest /= 10
        }
    }

    fileprivate mutating func append(number value: Double) {
        if value.isNaN {
            append(text: "NaN")
        } else if value.isInfinite {
            append(text: value < 0 ? "-Infinity" : "Infinity")
        } else {
            append(description: value.description)
        }
    }

    fileprivate mutating func append(jsonNumber value: Double) {
        if value.isFinite {
            append(description: value.description)
        } else {
            append(UInt8(ascii: "\""))
            append(number: value)
            append(UInt8(ascii: "\""))
        }
    }

    fileprivate mutating func append(vector bytes: UnsafeRawBufferPointer) throws(DeedError) {
        guard bytes.count % 4 == 0 else { throw DeedError(.corruption, "an encoded vector has \(bytes.count) bytes") }
        append(UInt8(ascii: "["))
        for offset in stride(from: 0, to: bytes.count, by: 4) {
            if offset > 0 { append(UInt8(ascii: ",")) }
            let item = Float(
                bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            // Through Float, so that 0.1 stays 0.1 and does not become 0.10000000149011612.
            if item.isFinite { append(description: item.description) } else { append(jsonNumber: Double(item)) }
        }
        append(UInt8(ascii: "]"))
    }

    fileprivate mutating func append(description: String) {
        var copy = description
        copy.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// A JSON string. Everything but quotes, backslashes and control characters stands for itself.
    fileprivate mutating func append(quoted bytes: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            append(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            start = index + 1
            append(escaped: byte)
        }
        append(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaped byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0a: append(UInt8(ascii: "n"))
        case 0x0c: append(UInt8(ascii: "f"))
        case 0x0d: append(UInt8(ascii: "r"))
        case 0..<0x20:
            append(text: byte < 0x10 ? "u000" : "u001")
            let digit = byte & 15
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        default: append(byte)
        }
    }

    fileprivate mutating func append(base64 bytes: UnsafeRawBufferPointer) {
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let size = min(3, bytes.count - start)
            var group: UInt32 = 0
            for index in 0..<3 { group = group << 8 | (index < size ? UInt32(bytes[start + index]) : 0) }
            for index in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * index)) & 63
                append(index <= size ? alphabet.utf8Start[digit] : UInt8(ascii: "="))
            }
        }
    }
}

// MARK: Dates, times and durations

extension ByteBuffer {
    fileprivate mutating func append(dateOfDays days: Int64) throws(DeedError) {
        guard let date = CivilDate(days: days) else { throw outOfRange("a date") }
        if date.year < 0 { append(UInt8(ascii: "-")) } else if date.year > 9999 { append(UInt8(ascii: "+")) }
        append(digits: date.year.magnitude, width: 4)
        append(UInt8(ascii: "-"))
        append(digits: UInt64(date.month), width: 2)
        append(UInt8(ascii: "-"))
        append(digits: UInt64(date.day), width: 2)
    }

    fileprivate mutating func append(timeOfNanoseconds nanoseconds: Int64) throws(DeedError) {
        guard nanoseconds >= 0, nanoseconds < 86_400_000_000_000 else { throw outOfRange("a time of day") }
        let seconds = nanoseconds / 1_000_000_000
        append(timeOfSeconds: seconds, nanoseconds: UInt32(nanoseconds % 1_000_000_000))
    }

    fileprivate mutating func append(datetimeOfSeconds seconds: Int64, nanoseconds: UInt32) throws(DeedError) {
        guard nanoseconds < 1_000_000_000 else { throw outOfRange("a datetime") }
        let days = seconds >= 0 ? seconds / 86_400 : (seconds + 1) / 86_400 - 1
        try append(dateOfDays: days)
        append(UInt8(ascii: "T"))
        append(timeOfSeconds: seconds - days * 86_400, nanoseconds: nanoseconds)
    }

    private mutating func append(timeOfSeconds seconds: Int64, nanoseconds: UInt32) {
        append(digits: UInt64(seconds / 3600), width: 2)
        append(UInt8(ascii: ":"))
        append(digits: UInt64(seconds / 60 % 60), width: 2)
        guard seconds % 60 != 0 || nanoseconds != 0 else { return }
        append(UInt8(ascii: ":"))
        append(digits: UInt64(seconds % 60), width: 2)
        guard nanoseconds != 0 else { return }
        append(UInt8(ascii: "."))
        if nanoseconds % 1_000_000 == 0 {
            append(digits: UInt64(nanoseconds / 1_000_000), width: 3)
        } else if nanoseconds % 1_000 == 0 {
            append(digits: UInt64(nanoseconds / 1_000), width: 6)
        } else {
            append(digits: UInt64(nanoseconds), width: 9)
        }
    }

    fileprivate mutating func append(offset: Int32) {
        if offset == 0 { return append(UInt8(ascii: "Z")) }
        append(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        let seconds = UInt64(offset.magnitude)
        append(digits: seconds / 3600, width: 2)
        append(UInt8(ascii: ":"))
        append(digits: seconds / 60 % 60, width: 2)
        guard seconds % 60 != 0 else { return }
        append(UInt8(ascii: ":"))
        append(digits: seconds % 60, width: 2)
    }

    fileprivate mutating func append(duration: DurationValue) {
        let before = count
        append(UInt8(ascii: "P"))
        append(duration.months / 12, unit: UInt8(ascii: "Y"))
        append(duration.months % 12, unit: UInt8(ascii: "M"))
        append(duration.days, unit: UInt8(ascii: "D"))
        if duration.seconds != 0 || duration.nanoseconds != 0 {
            append(UInt8(ascii: "T"))
            append(timeOf: duration)
        }
        if count == before + 1 { append(text: "T0S") }
    }

    /// Hours, minutes and seconds, each signed. Seconds are stored rounded down, so a negative duration with a fraction
    /// is one second more and the rest of the fraction: -1 s + 0.5e9 ns is -0.5 s.
    private mutating func append(timeOf duration: DurationValue) {
        let isNegative = duration.seconds < 0
        var seconds = duration.seconds
        var fraction = Int64(duration.nanoseconds)
        if isNegative && fraction > 0 {
            seconds += 1
            fraction = 1_000_000_000 - fraction
        }
        append(seconds / 3600, unit: UInt8(ascii: "H"))
        append(seconds / 60 % 60, unit: UInt8(ascii: "M"))
        let rest = seconds % 60
        guard rest != 0 || fraction != 0 else { return }
        if isNegative { append(UInt8(ascii: "-")) }
        append(digits: rest.magnitude, width: 1)
        if fraction != 0 {
            append(UInt8(ascii: "."))
            append(digits: fraction.magnitude, width: 9)
            while bytes[count - 1] == UInt8(ascii: "0") { truncate(to: count - 1) }
        }
        append(UInt8(ascii: "S"))
    }

    private mutating func append(_ value: Int64, unit: UInt8) {
        guard value != 0 else { return }
        append(integer: value)
        append(unit)
    }
}

/// A day of the proleptic Gregorian calendar.
package struct CivilDate: Equatable {
    package let year: Int64
    package let month: Int
    package let day: Int

    /// The days since 1970-01-01 of -999999999-01-01 and of 999999999-12-31.
    package static let daysRange: ClosedRange<Int64> = -365_243_219_162...365_241_780_471

    /// Nil when the year would lie beyond 999,999,999 either way.
    package init?(days: Int64) {
        guard Self.daysRange.contains(days) else { return nil }
        // Counted from 0000-03-01 in eras of 400 years, so that the leap day ends a year and all eras are alike.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
