// Functions of texts. Positions and lengths count code points; nothing looks at grapheme clusters.

enum StringFunctions {
    static let all: [ScalarFunction] = caseFunctions + trimFunctions + partFunctions + sizeFunctions + [
        ScalarFunction("replace", 3...3) { (arguments, context) throws in
            guard let text = try Arguments.text(arguments[0], "replace"), let old = try Arguments.text(arguments[1], "replace"),
                let new = try Arguments.text(arguments[2], "replace")
            else { return .null }
            return .string(try replace(text, old, new, context.watch))
        },
        ScalarFunction("split", 2...2) { (arguments, context) throws in try split(arguments, context.watch) },
        ScalarFunction("lpad", 2...3) { (arguments, context) throws in try pad(arguments, atEnd: false, context.watch) },
        ScalarFunction("rpad", 2...3) { (arguments, context) throws in try pad(arguments, atEnd: true, context.watch) },
    ]

    private static func mapping(_ name: String, _ body: @escaping @Sendable (String) -> Value) -> ScalarFunction {
        ScalarFunction(name, 1...1) { (arguments, _) throws(QueryError) in
            try Arguments.text(arguments[0], name).map(body) ?? .null
        }
    }

    private static let caseFunctions: [ScalarFunction] =
        ["toupper", "upper"].map { mapping($0) { .string($0.uppercased()) } }
        + ["tolower", "lower"].map { mapping($0) { .string($0.lowercased()) } }

    private static let sizeFunctions: [ScalarFunction] = ["char_length", "character_length"].map {
        mapping($0) { .int(Int64(TextBytes.countCharacters($0))) }
    }

    // MARK: trim

    private static let trimFunctions: [ScalarFunction] = [
        trimming("trim", start: true, end: true), trimming("btrim", start: true, end: true),
        trimming("ltrim", start: true, end: false), trimming("rtrim", start: false, end: true),
    ]

    /// White space, or the characters that the second argument has.
    private static func trimming(_ name: String, start: Bool, end: Bool) -> ScalarFunction {
        ScalarFunction(name, 1...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], name) else { return .null }
            var characters: Set<Unicode.Scalar>?
            if arguments.count > 1 {
                guard let given = try Arguments.text(arguments[1], name) else { return .null }
                characters = Set(given.unicodeScalars)
            }
            func isDropped(_ scalar: Unicode.Scalar) -> Bool {
                characters?.contains(scalar) ?? scalar.properties.isWhitespace
            }
            var rest = Substring(text).unicodeScalars
            if start { rest = rest.drop(while: isDropped) }
            if end { while let last = rest.last, isDropped(last) { rest.removeLast() } }
            return .string(String(rest))
        }
    }

    // MARK: Parts

    private static let partFunctions: [ScalarFunction] = [
        ScalarFunction("substring", 2...3) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "substring"),
                let start = try Arguments.count(arguments[1], "substring")
            else { return .null }
            guard arguments.count > 2 else { return .string(slice(text, start, .max)) }
            return try Arguments.count(arguments[2], "substring").map { .string(slice(text, start, $0)) } ?? .null
        },
        ScalarFunction("left", 2...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "left"), let count = try Arguments.count(arguments[1], "left")
            else { return .null }
            return .string(slice(text, 0, count))
        },
        ScalarFunction("right", 2...2) { (arguments, _) throws(QueryError) in
            guard let text = try Arguments.text(arguments[0], "right"), let count = try Arguments.count(arguments[1], "right")
            else { return .null }
            return .string(slice(text, max(0, TextBytes.countCharacters(text) - count), .max))
        },
    ]

    private static func slice(_ text: String, _ start: Int, _ count: Int) -> String {
        TextBytes.with(text) { bytes in
            let from = TextBytes.offset(ofCharacter: start, in: bytes)
            let to = count == .max ? bytes.count : TextBytes.offset(ofCharacter: count, in: bytes, from: from)
            return TextBytes.string(bytes[from..<to])
        }
    }

    // MARK: replace, split, pad

    private static func replace(_ text: String, _ old: String, _ new: String, _ watch: (any WorkWatch)?) throws -> String {
        if old.utf8.isEmpty { return text }
        let places = try TextBytes.with(text) { text in try TextBytes.with(old) { try occurrences(of: $0, in: text, watch) } }
        if places.isEmpty { return text }
        let (added, overflow) = new.utf8.count.multipliedReportingOverflow(by: places.count)
        if overflow { throw QueryError.outOfRange("the text would be too long") }
        let size = added + (text.utf8.count - old.utf8.count * places.count)
        try ValueLimits.checkText(size: size)
        try watch?.goOn(holding: size)
        return TextBytes.with(text) { text in
            var result: [UInt8] = []
            result.reserveCapacity(size)
            var start = 0
            for place in places {
                result.append(contentsOf: text[start..<place])
                result.append(contentsOf: new.utf8)
                start = place + old.utf8.count
            }
            result.append(contentsOf: text[start...])
            return TextBytes.string(result)
        }
    }

    /// From left to right, without overlap. The part must not be empty.
    private static func occurrences(
        of part: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, _ watch: (any WorkWatch)?
    ) throws -> [Int] {
        var places: [Int] = []
        var from = 0
        var loop = WatchedLoop(watch, bytesPerStep: MemoryLayout<Int>.stride)
        while let place = TextBytes.find(part, in: text, from: from) {
            places.append(place)
            from = place + part.count
            try loop.step()
        }
        return places
    }

    private typealias Piece = Slice<UnsafeBufferPointer<UInt8>>

    /// At every occurrence of the delimiter, or of one of a list of them; an empty one splits between all characters.
    private static func split(_ arguments: [Value], _ watch: (any WorkWatch)?) throws -> Value {
        guard let text = try Arguments.text(arguments[0], "split") else { return .null }
        var delimiters: [String] = []
        if case .list(let items) = arguments[1] {
            for item in items {
                guard let delimiter = try Arguments.text(item, "split") else { return .null }
                delimiters.append(delimiter)
            }
        } else {
            guard let delimiter = try Arguments.text(arguments[1], "split") else { return .null }
            delimiters = [delimiter]
        }
        var items: [Value] = []
        var loop = WatchedLoop(watch, bytesPerStep: MemoryLayout<Value>.stride)
        if delimiters.contains(where: { $0.utf8.isEmpty }) {
            for character in text.unicodeScalars {
                items.append(.string(String(character)))
                try loop.step()
            }
            return .list(items)
        }
        return try TextBytes.with(text) { bytes in
            var pieces = [bytes[...]]
            for delimiter in delimiters { pieces = try split(pieces, delimiter, watch) }
            for piece in pieces {
                items.append(.string(TextBytes.string(piece)))
                try loop.step()
            }
            return .list(items)
        }
    }

    private static func split(_ pieces: [Piece], _ delimiter: String, _ watch: (any WorkWatch)?) throws -> [Piece] {
        var result: [Piece] = []
        var loop = WatchedLoop(watch, bytesPerStep: MemoryLayout<Piece>.stride)
        // Looking is work, whether anything is found or not, but holds nothing.
        var looking = WatchedLoop(watch)
        try TextBytes.with(delimiter) { delimiter in
            for piece in pieces {
                let bytes = UnsafeBufferPointer(rebasing: piece)
                var start = piece.startIndex
                while let place = TextBytes.find(delimiter, in: bytes, from: start - piece.startIndex) {
                    result.append(piece.base[start..<(piece.startIndex + place)])
                    start = piece.startIndex + place + delimiter.count
                    try loop.step()
                }
                result.append(piece.base[start..<piece.endIndex])
                try loop.step()
                try looking.step(piece.count / 64)
            }
        }
        return result
    }

    /// To a number of characters; longer texts are cut to it.
    private static func pad(_ arguments: [Value], atEnd: Bool, _ watch: (any WorkWatch)?) throws -> Value {
        let name = atEnd ? "rpad" : "lpad"
        guard let text = try Arguments.text(arguments[0], name), let size = try Arguments.count(arguments[1], name) else {
            return .null
        }
        var filling = " "
        if arguments.count > 2 {
            guard let given = try Arguments.text(arguments[2], name) else { return .null }
            filling = given
        }
        let missing = size - TextBytes.countCharacters(text)
        if missing <= 0 { return .string(slice(text, 0, size)) }
        if filling.utf8.isEmpty { return .string(text) }
        try ValueLimits.checkText(size: missing)
        let times = missing / TextBytes.countCharacters(filling)
        let added = times.multipliedReportingOverflow(by: filling.utf8.count)
        try ValueLimits.checkText(size: added.overflow ? .max : added.partialValue)
        try watch?.goOn(holding: added.partialValue * 2)
        let padding = String(repeating: filling, count: times) + slice(filling, 0, missing % TextBytes.countCharacters(filling))
        return .string(atEnd ? text + padding : padding + text)
    }
}
