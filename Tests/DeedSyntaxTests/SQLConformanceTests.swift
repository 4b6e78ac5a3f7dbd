// The parser over every statement of sqllogictest, from its files where they are at hand: in the directory that
// DEED_SQLLOGICTEST names, or beside the repository. Files that are compressed are left out.

import Glibc
import Testing

@testable import DeedSyntax

/// What other systems than PostgreSQL have, and the suite does not say so.
private let foreign = ["NOT INDEXED", "CREATE TRIGGER", "DROP TRIGGER", "CREATE INDEX t1i1 ON t1(x);\nDROP INDEX t1i1;", "REINDEX"]

@Test func everyStatementOfSQLLogicTestParses() {
    let named = getenv("DEED_SQLLOGICTEST").map { String(cString: $0) }
    var count = 0
    for path in files(named ?? "../shared/conformance/sqllogictest", suffix: ".test").sorted() {
        for statement in statements(ofFile: path) {
            count += 1
            guard let error = sqlError(statement), !foreign.contains(where: statement.contains) else { continue }
            if (try? splitSQL(statement))?.count ?? 0 > 1 { continue }
            Issue.record("\(path)\n\(error.message)\n\(renderSource(error.range, in: statement))")
        }
    }
    print("\(count) statements of sqllogictest parsed")
}

/// The statements that PostgreSQL should run, and that should not fail.
private func statements(ofFile path: String) -> [String] {
    let lines = readFile(path).split(separator: "\n", omittingEmptySubsequences: false).map { String($0.filter { $0 != "\r" }) }
    var result: [String] = []
    for record in lines.split(separator: "") {
        let record = record.filter { !$0.hasPrefix("#") }
        let start = record.firstIndex { !$0.hasPrefix("onlyif") && !$0.hasPrefix("skipif") } ?? record.endIndex
        let isForeign = record[..<start].contains { line in
            line.hasPrefix("onlyif") ? !line.contains("postgresql") : line.contains("skipif postgresql")
        }
        guard !isForeign, start < record.endIndex else { continue }
        guard record[start].hasPrefix("statement ok") || record[start].hasPrefix("query") else { continue }
        result.append(record[(start + 1)...].prefix { !$0.hasPrefix("----") }.joined(separator: "\n"))
    }
    return result
}
