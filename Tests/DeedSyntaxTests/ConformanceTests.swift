// The parser over every query of the openCypher Technology Compatibility Kit.

import Testing

@testable import DeedSyntax

/// What is decided by syntax alone, so that the parser has to find it.
private let syntacticDetails: Set<String> = [
    "UnexpectedSyntax", "InvalidNumberLiteral", "IntegerOverflow", "FloatingPointOverflow", "InvalidUnicodeLiteral",
    "InvalidRelationshipPattern", "NoExpressionAlias", "RequiresDirectedRelationship", "CreatingVarLength", "InvalidParameterUse",
    "InvalidDelete",
]

@Test func everyQueryOfTheConformanceSuiteParses() {
    var count = 0
    for query in conformanceQueries() where query.error == nil {
        count += 1
        if let error = syntaxError(query.text) {
            Issue.record("\(query.scenario)\n\(error.detail): \(error.message)\n\(renderSource(error.range, in: query.text))")
        }
    }
    print("\(count) queries of the conformance suite parsed")
}

@Test func errorsOfTheConformanceSuiteHaveTheirNames() {
    for query in conformanceQueries() {
        guard let expected = query.error, let error = syntaxError(query.text) else {
            if let expected = query.error, syntacticDetails.contains(expected) {
                Issue.record("\(query.scenario)\n\(query.text)\nshould be \(expected), but parses")
            }
            continue
        }
        #expect(error.detail == expected, "\(query.scenario)\n\(query.text)\n\(error.message)")
    }
}

@Test func normalFormsOfTheConformanceSuiteMeanTheSame() {
    for query in conformanceQueries() where query.error == nil {
        guard let normal = normalizeCypher(query.text) else { continue }
        do throws(SyntaxError) {
            let lifted = show(try parseCypher(query.text, lifting: normal))
            let key = show(try parseCypher(normal.key))
            #expect(lifted == key, "\(query.text)\n\(normal.key)")
        } catch {
            Issue.record("\(query.text)\n\(normal.key)\n\(error)")
        }
    }
}
