// Values as text: what toString gives, and what prints any value the way a query would write it.
//
// Floats have the shortest digits that give the same number back, always with a point or an exponent (1.0, 1e-7, 1.5e300),
// so that they read as floats again.

package enum ValueText {
    /// The value as a literal of the language; `element` writes entities, relationships and paths.
    package static func literal(_ value: Value, element: (Value) -> String = ValueText.plainElement) -> String {
        var text = ""
        append(value, to: &text, element)
        return text
    }

    /// An element of the graph by its id, for where nothing more is known of it.
    package static func plainElement(_ value: Value) -> String {
        switch value {
        case .entity(let id): return "(#\(id))"
        case .relationship(let id): return "[#\(id)]"
        case .path(let path):
            var text = "<"
            for (index, id) in path.entities.enumerated() {
                if index > 0 { text += "-[#\(path.relationships[index - 1])]-" }
                text += "(#\(id))"
            }
            return text + ">"
        default: return ""
        }
    }

    package static func float(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let text = value.description
        // Swift pads exponents and signs them: 1e+16, 1e-07.
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "e")) else { return text }
        var exponent = text.utf8[text.utf8.index(after: mark)...]
        let isNegative = exponent.first == UInt8(ascii: "-")
        exponent = exponent.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "0") }
        return String(text[..<mark]) + (isNegative ? "e-" : "e") + String(Substring(exponent))
    }

    private static func append(_ value: Value, to text: inout String, _ element: (Value) -> String) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += value.description
        case .float(let value): text += float(value)
        case .decimal(let value): text += value.description
        case .string(let value): appendQuoted(value, to: &text)
        case .bytes(let bytes):
            text += "bytes('"
            for byte in bytes { appendHexadecimal(byte, to: &text) }
            text += "')"
        case .list(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += ", " }
                append(item, to: &text, element)
            }
            text += "]"
        case .map(let map): append(map, to: &text, element)
        case .vector(let items):
            // Through Float, so that 0.1 stays 0.1.
            text += "[" + items.map { $0.isFinite ? $0.description : float(Double($0)) }.joined(separator: ", ") + "]"
        case .entity, .relationship, .path: text += element(value)
        case .date, .localTime, .zonedTime, .localDatetime, .zonedDatetime, .duration:
            appendQuoted(TemporalText.describe(value), to: &text)
        }
    }

    private static func append(_ map: MapValue, to text: inout String, _ element: (Value) -> String) {
        text += "{"
        for index in map.keys.indices {
            if index > 0 { text += ", " }
            text += name(map.keys[index])
            text += ": "
            append(map.values[index], to: &text, element)
        }
        text += "}"
    }

    /// A key, label or variable as a query writes it: in backticks if it is not a plain word.
    package static func name(_ name: String) -> String {
        var isPlain = true
        for (index, byte) in name.utf8.enumerated() {
            let isLetter = byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            if !isLetter && !(isDigit && index > 0) { isPlain = false }
        }
        if isPlain && !name.utf8.isEmpty { return name }
        var quoted = "`"
        for scalar in name.unicodeScalars {
            if scalar == "`" { quoted += "`" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "`"
    }

    private static func appendQuoted(_ value: String, to text: inout String) {
        text += "'"
        for scalar in value.unicodeScalars {
            switch scalar {
            case "'": text += "\\'"
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case _ where scalar.value < 0x20:
                text += "\\u00"
                appendHexadecimal(UInt8(scalar.value), to: &text)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "'"
    }

    private static func appendHexadecimal(_ byte: UInt8, to text: inout String) {
        for digit in [byte >> 4, byte & 15] {
            text.unicodeScalars.append(Unicode.Scalar(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10))
        }
    }
}

extension Value {
    /// The text of a scalar, as toString and `+` with a text have it; nil for null, lists, maps and elements of the graph.
    package var scalarText: String? {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .int(let value): value.description
        case .float(let value): ValueText.float(value)
        case .decimal(let value): value.description
        case .date, .localTime, .zonedTime, .localDatetime, .zonedDatetime, .duration: TemporalText.describe(self)
        case .null, .bytes, .list, .map, .vector, .entity, .relationship, .path: nil
        }
    }
}
