// Windows: OVER, the definitions of WINDOW, and frames.

extension SQLParser {
    /// `OVER name` and `OVER (definition)`, with OVER at hand.
    mutating func over() throws(SyntaxError) -> Window {
        advance()
        guard at(.openParenthesis) else { return .named(try name("a window or '('")) }
        return .definition(try windowDefinition())
    }

    /// `(base PARTITION BY ... ORDER BY ... frame)`, each of which may be left out.
    mutating func windowDefinition() throws(SyntaxError) -> WindowDefinition {
        let opener = index
        try expect(.openParenthesis)
        try enter()
        let base = beginsPartOfWindow() || at(.closeParenthesis) ? nil : try name("PARTITION BY, ORDER BY, ROWS or a window")
        var partition: [Expression] = []
        if accept(.partition) {
            try expect(.by)
            partition = try commaSeparated { (parser) throws(SyntaxError) in try parser.nestedExpression() }
        }
        let order = try orderBy()
        let frame = try windowFrame()
        leave()
        try close(opener, or: frame != nil ? "EXCLUDE" : order.isEmpty ? "ORDER BY, ROWS, RANGE, GROUPS" : "ROWS, RANGE, GROUPS")
        return WindowDefinition(base: base, partition: partition, order: order, frame: frame)
    }

    private func beginsPartOfWindow() -> Bool {
        switch keyword {
        case .partition, .order, .rows, .range, .groups: true
        default: false
        }
    }

    private mutating func windowFrame() throws(SyntaxError) -> WindowFrame? {
        let unit: WindowFrame.Unit
        if accept(.rows) { unit = .rows } else if accept(.range) { unit = .range } else if accept(.groups) { unit = .groups } else {
            return nil
        }
        let start: WindowFrame.Bound
        var end = WindowFrame.Bound.currentRow
        if accept(.between) {
            start = try frameBound()
            try expect(.and, " and the end of the frame")
            end = try frameBound()
        } else {
            start = try frameBound()
        }
        return WindowFrame(unit: unit, start: start, end: end, exclusion: try frameExclusion())
    }

    private mutating func frameBound() throws(SyntaxError) -> WindowFrame.Bound {
        if accept(.unbounded, .preceding) { return .unboundedPreceding }
        if accept(.unbounded, .following) { return .unboundedFollowing }
        if accept(.current, .row) { return .currentRow }
        let distance = try nestedExpression()
        if accept(.preceding) { return .preceding(distance) }
        try expect(.following, " or PRECEDING")
        return .following(distance)
    }

    private mutating func frameExclusion() throws(SyntaxError) -> WindowFrame.Exclusion {
        guard accept(.exclude) else { return .noOthers }
        if accept(.current, .row) { return .currentRow }
        if accept(.group) { return .group }
        if accept(.ties) { return .ties }
        try expect(.no, " OTHERS, CURRENT ROW, GROUP or TIES")
        try expect(.others)
        return .noOthers
    }
}
