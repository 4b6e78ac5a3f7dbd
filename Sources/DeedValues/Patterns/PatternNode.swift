// The tree of a regular expression, between its text (PatternParser) and its steps (RegularExpression).

indirect enum PatternNode: Sendable {
    case empty
    case one(CharacterClass)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// `max` nil: as often as one likes. Greedy or reluctant makes no difference to whether the whole text matches.
    case repetition(PatternNode, min: Int, max: Int?)
    case assertion(PatternAssertion)
}

enum PatternAssertion: Sendable {
    case textStart, textEnd
    /// The end, or before a line terminator at the end.
    case lastLineEnd
    case lineStart, lineEnd
    case wordBoundary, noWordBoundary
}
