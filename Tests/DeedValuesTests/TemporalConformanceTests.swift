// The temporal scenarios of openCypher's compatibility kit, where it is: DEED_OPENCYPHER names the folder that holds
// `features`. Each scenario's expressions are evaluated by themselves, without a graph; comparisons by order are not here.

import Glibc
import Testing

@testable import DeedValues

private let kit = getenv("DEED_OPENCYPHER").map { String(cString: $0) }

/// Debian compiles its zones with the older, fuller history, in which Stockholm had a local mean time of its own; the kit
/// expects the one that it shares with Berlin by default.
private let dependsOnTheZonesPackage = "1818-07-21T21:40:32.142[Europe/Stockholm]"

@Test(.enabled(if: kit != nil)) func theTemporalScenariosOfTheCompatibilityKitHold() throws {
    var count = 0
    for number in 1...10 where number != 7 {
        let path = "\(kit ?? "")/features/expressions/temporal/Temporal\(number).feature"
        for scenario in Scenario.read(try contents(path)) {
            for example in scenario.examples {
                count += 1
                try check(scenario, example, "Temporal\(number) \(scenario.title)")
            }
        }
    }
    #expect(count > 700)
    print("scenarios of the compatibility kit: \(count)")
}

private func contents(_ path: String) throws -> String {
    let file = try #require(fopen(path, "r"), "no \(path)")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

private struct Scenario {
    var title = ""
    var queries: [String] = []
    var result: [[String]] = []
    var table: [[String]] = []

    /// One for each row of the table; one without placeholders if there is none.
    var examples: [[(String, String)]] {
        guard let names = table.first else { return [[]] }
        return table.dropFirst().map { Array(zip(names, $0)) }
    }

    static func read(_ text: String) -> [Scenario] {
        var scenarios: [Scenario] = []
        var isQuery = false
        var isExamples = false
        for line in text.split(separator: "\n") {
            let line = trimmed(line)
            if line.hasPrefix("Scenario") {
                scenarios.append(Scenario(title: line))
                isExamples = false
            } else if line == "\"\"\"" {
                isQuery.toggle()
                if isQuery { scenarios[scenarios.count - 1].queries.append("") }
            } else if isQuery {
                scenarios[scenarios.count - 1].queries[scenarios[scenarios.count - 1].queries.count - 1] += line + " "
            } else if line.hasPrefix("Examples") {
                isExamples = true
            } else if line.hasPrefix("|"), !line.hasPrefix("| +") {
                let cells = split(String(line.dropFirst().dropLast()), at: "|").map { trimmed(Substring($0)) }
                if isExamples {
                    scenarios[scenarios.count - 1].table.append(cells)
                } else {
                    scenarios[scenarios.count - 1].result.append(cells)
                }
            }
        }
        return scenarios
    }
}

private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
}

/// Outside brackets and quotes.
private func split(_ text: String, at separator: Character) -> [String] {
    var parts = [""]
    var depth = 0
    var isQuoted = false
    for character in text {
        if character == "'" { isQuoted.toggle() }
        if !isQuoted, "([{".contains(character) { depth += 1 }
        if !isQuoted, ")]}".contains(character) { depth -= 1 }
        if character == separator, depth == 0, !isQuoted { parts.append("") } else { parts[parts.count - 1].append(character) }
    }
    return parts
}

/// `expression AS name, ...`
private func items(_ text: String) -> [(expression: String, name: String)] {
    split(text, at: ",").map { item in
        let parts = item.components(" AS ")
        return (trimmed(Substring(parts[0])), trimmed(Substring(parts.last!)))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}

private func check(_ scenario: Scenario, _ example: [(String, String)], _ title: String) throws {
    func filled(_ text: String) -> String {
        example.reduce(text) { $0.components("<\($1.0)>").joined(separator: $1.1) }
    }
    if example.contains(where: { $0.1.contains(dependsOnTheZonesPackage) }),
        try ZoneDatabase.rules("Europe/Stockholm").offset(at: .min) != ZoneDatabase.rules("Europe/Berlin").offset(at: .min)
    {
        print("left out, since this system's zones differ: \(dependsOnTheZonesPackage)")
        return
    }
    var variables: [String: Value] = [:]
    for query in scenario.queries.map(filled) {
        // The one entity that a scenario makes becomes the variable that it is matched by.
        if query.hasPrefix("CREATE ("), let start = query.firstIndex(of: "{"), let end = query.lastIndex(of: "}") {
            for name in ["v", "n", "d"] { variables[name] = try TemporalExpression.evaluate(String(query[start...end]), variables) }
            continue
        }
        var rest = query
        if rest.hasPrefix("MATCH"), let end = rest.firstIndex(of: ")") { rest = trimmed(rest[rest.index(after: end)...]) }
        let parts = rest.components("RETURN ")
        if parts[0].hasPrefix("WITH ") {
            for item in items(parts[0].components(" MATCH ")[0].components("WITH ")[1]) {
                variables[item.name] = try TemporalExpression.evaluate(item.expression, variables)
            }
        }
        let found = try items(parts[1]).map {
            do {
                return TemporalExpression.describe(try TemporalExpression.evaluate($0.expression, variables))
            } catch let error as QueryError {
                return error.message
            }
        }
        #expect(found == scenario.result[1].map(filled), "\(title): \(query)")
    }
}
