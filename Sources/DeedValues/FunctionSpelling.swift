// How people write the names of functions. Functions are found by their names in lower case; lists and suggestions use these.

package enum FunctionSpelling {
    private static let usual: [String: String] = {
        let names = [
            "elementId", "endNode", "isEmpty", "isNaN", "nullIf", "percentileCont", "percentileDisc",
            "randomUUID", "startNode", "stDev", "stDevP", "toBoolean", "toBooleanList", "toBooleanOrNull", "toFloat",
            "toFloatList", "toFloatOrNull", "toInteger", "toIntegerList", "toIntegerOrNull", "toLower", "toString", "toStringList",
            "toStringOrNull", "toUpper", "valueType", "datetime.fromEpoch", "datetime.fromEpochMillis", "duration.inDays",
            "duration.inMonths", "duration.inSeconds",
        ]
        return Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    }()

    package static func of(_ name: String) -> String { usual[name] ?? name }
}
