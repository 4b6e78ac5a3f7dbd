// What keeps a single expression from taking all memory. Each bound is far above what queries need.

package enum ValueLimits {
    /// Items that `range` or a concatenation may give: 24 bytes each, so 1.2 GB at most.
    package static let listCountMax = 50_000_000
    /// Bytes of a text that a function or operator may make.
    package static let textSizeMax = 256 << 20
    /// Steps of a compiled regular expression; matching takes time in proportion to it for each character.
    package static let patternStepsMax = 20_000
    /// Characters of a regular expression.
    package static let patternLengthMax = 1 << 16
    /// Groups within groups of a regular expression; parsing and compiling recurse along them.
    package static let patternNestingMax = 200

    static func checkText(size: Int) throws(QueryError) {
        if size > textSizeMax { throw .outOfRange("the text would be longer than \(textSizeMax) bytes") }
    }

    static func checkList(count: Int) throws(QueryError) {
        if count > listCountMax { throw .outOfRange("the list would have more than \(listCountMax) items") }
    }
}
