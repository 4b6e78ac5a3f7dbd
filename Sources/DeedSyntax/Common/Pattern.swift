// Graph patterns, as MATCH, CREATE, MERGE and pattern expressions have them.

package struct PathPattern: Sendable {
    package let variable: Name?
    package let selector: PathSelector?
    package let mode: PathMode
    /// Entities and relationships alternate; a group stands where a relationship would, between two entities (which the
    /// parser supplies where they were left out).
    package let elements: [PatternElement]
    package let range: SourceRange

    package init(variable: Name?, selector: PathSelector?, mode: PathMode, elements: [PatternElement], range: SourceRange) {
        (self.variable, self.selector, self.mode) = (variable, selector, mode)
        (self.elements, self.range) = (elements, range)
    }
}

package enum PatternElement: Sendable {
    case entity(EntityPattern)
    case relationship(RelationshipPattern)
    case group(PatternGroup)
}

/// `(variable:Labels {properties} WHERE predicate)`
package struct EntityPattern: Sendable {
    package let variable: Name?
    package let labels: LabelExpression?
    /// A map or a parameter.
    package let properties: Expression?
    package let predicate: Expression?
    package let range: SourceRange

    package init(variable: Name?, labels: LabelExpression?, properties: Expression?, predicate: Expression?, range: SourceRange) {
        (self.variable, self.labels, self.properties) = (variable, labels, properties)
        (self.predicate, self.range) = (predicate, range)
    }
}

package enum PatternDirection: Sendable { case right, left, undirected }

/// `-[variable:TYPE *1..3 {properties} WHERE predicate]->`. Both arrow heads mean undirected.
package struct RelationshipPattern: Sendable {
    package let variable: Name?
    package let types: LabelExpression?
    package let direction: PatternDirection
    /// Written with `*` (then the variable is a list), or with a quantifier behind it.
    package let length: PatternLength?
    package let properties: Expression?
    package let predicate: Expression?
    package let range: SourceRange

    package init(
        variable: Name?, types: LabelExpression?, direction: PatternDirection, length: PatternLength?,
        properties: Expression?, predicate: Expression?, range: SourceRange
    ) {
        (self.variable, self.types, self.direction, self.length) = (variable, types, direction, length)
        (self.properties, self.predicate, self.range) = (properties, predicate, range)
    }
}

/// `*` is 1 to no bound, `*2` is 2 to 2, `*..3` is 1 to 3, `{2,}` and `+` and `{,3}` (0 to 3) as in GQL.
package struct PatternLength: Sendable {
    package let min: Int
    package let max: Int?
    package init(min: Int, max: Int?) { (self.min, self.max) = (min, max) }
}

/// A parenthesised path with a quantifier: `((a)-[r]->(b) WHERE ...){1,3}`; its variables are lists outside.
package struct PatternGroup: Sendable {
    package let path: PathPattern
    package let predicate: Expression?
    package let length: PatternLength
    package let range: SourceRange

    package init(path: PathPattern, predicate: Expression?, length: PatternLength, range: SourceRange) {
        (self.path, self.predicate, self.length, self.range) = (path, predicate, length, range)
    }
}

package enum PathSelector: Sendable, Equatable {
    /// `shortestPath(...)`, `ANY SHORTEST`
    case anyShortest
    /// `allShortestPaths(...)`, `ALL SHORTEST`
    case allShortest
    /// `SHORTEST k`
    case shortest(Int)
    /// `SHORTEST k GROUPS`
    case shortestGroups(Int)
    /// `ANY k`
    case any(Int)
}

package enum PathMode: Sendable {
    /// No repeated relationship within the whole MATCH: openCypher's rule, when nothing is said.
    case different
    case walk, trail, acyclic
}
