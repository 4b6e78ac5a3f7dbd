// Queries of the openCypher Technology Compatibility Kit, read from its feature files where they are at hand: in the
// directory that DEED_TCK names, or beside the repository.

import Glibc

struct ConformanceQuery {
    let scenario: String
    let text: String
    /// What should go wrong at compile time, if anything.
    let error: String?
}

func conformanceQueries() -> [ConformanceQuery] {
    let named = getenv("DEED_TCK").map { String(cString: $0) }
    let root = named ?? "../shared/conformance/opencypher"
    return files(root, suffix: ".feature").sorted().flatMap(queries(ofFile:))
}

func files(_ directory: String, suffix: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.utf8.first == UInt8(ascii: ".") { continue }
        let path = directory + "/" + name
        if name.hasSuffix(suffix) {
            found.append(path)
        } else if entry.pointee.d_type == DT_DIR {
            found += files(path, suffix: suffix)
        }
    }
    return found
}

func readFile(_ path: String) -> String {
    guard let file = fopen(path, "rb") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

private func queries(ofFile path: String) -> [ConformanceQuery] {
    var result: [ConformanceQuery] = []
    var scenario: [String] = []
    for line in readFile(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
        if trimmed(line).hasPrefix("Scenario") {
            result += queries(ofScenario: scenario, path)
            scenario = []
        }
        scenario.append(line)
    }
    return result + queries(ofScenario: scenario, path)
}

private func queries(ofScenario lines: [String], _ path: String) -> [ConformanceQuery] {
    guard let title = lines.first(where: { trimmed($0).hasPrefix("Scenario") }) else { return [] }
    var texts: [(text: String, isUnderTest: Bool)] = []
    var error: String?
    var examples: [[String]] = []
    var current: [String]?
    var step = ""
    for line in lines {
        let bare = trimmed(line)
        if bare.hasPrefix("\"\"\"") {
            if let lines = current { texts.append((lines.joined(separator: "\n"), step.contains("When executing query"))) }
            current = current == nil ? [] : nil
        } else if current != nil {
            current?.append(line)
        } else if bare.hasPrefix("|") && step.hasPrefix("Examples") {
            examples.append(cells(bare))
        } else if !bare.hasPrefix("|") && !bare.hasPrefix("#") && !bare.isEmpty {
            step = bare
            if let range = bare.split(separator: ":").last, bare.contains("raised at compile time") { error = trimmed(String(range)) }
            if bare.hasPrefix("Then a SyntaxError should be raised") && error == nil { error = "runtime" }
        }
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return texts.flatMap { text in
        expansions(text.text, examples).map {
            ConformanceQuery(scenario: name + ": " + trimmed(title), text: $0, error: text.isUnderTest ? error : nil)
        }
    }
}

private func expansions(_ text: String, _ examples: [[String]]) -> [String] {
    guard let header = examples.first else { return [text] }
    return examples.dropFirst().map { row in
        var result = text
        for (name, value) in zip(header, row) { result = replacing("<\(name)>", with: value, in: result) }
        return result
    }
}

private func replacing(_ part: String, with other: String, in text: String) -> String {
    let (part, other, text) = (Array(part.utf8), Array(other.utf8), Array(text.utf8))
    var result: [UInt8] = []
    var position = 0
    while position < text.count {
        if text[position...].starts(with: part) {
            result += other
            position += part.count
        } else {
            result.append(text[position])
            position += 1
        }
    }
    return String(decoding: result, as: UTF8.self)
}

/// The cells of a table's row; `\|` is a bar and `\\` a backslash.
private func cells(_ row: String) -> [String] {
    var cells: [String] = []
    var cell = ""
    var isEscaped = false
    for character in row.dropFirst() {
        if isEscaped {
            if character != "|" && character != "\\" { cell.append("\\") }
            cell.append(character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "|" {
            cells.append(trimmed(cell))
            cell = ""
        } else {
            cell.append(character)
        }
    }
    return cells
}

private func trimmed(_ text: String) -> String {
    let inner = text.drop { $0 == " " || $0 == "\t" }
    return String(String(inner.reversed()).drop { $0 == " " || $0 == "\t" || $0 == "\r" }.reversed())
}
