// Why a plan that was given cannot be followed: the query is another one, or what the plan used is gone.

import DeedExecution

package struct PlanRefused: Error {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

extension EntityAccess {
    var text: String {
        switch self {
        case .ids: "by id"
        case .index(let label, let properties): "through an index on \(label)(\(properties.joined(separator: ", ")))"
        case .scan: "by a scan"
        }
    }
}

extension Binder {
    /// The steps of the next pattern that are to be followed, if any are.
    func nextPattern() throws -> [PlanStep]? {
        guard let following else { return nil }
        let number = choices.patterns.count
        guard following.patterns.indices.contains(number) else { return try refuse("it has too few patterns") }
        return following.patterns[number]
    }

    func nextAggregation() throws -> AggregationWay? {
        guard let following else { return nil }
        let number = choices.aggregations.count
        guard following.aggregations.indices.contains(number) else { return try refuse("it has too few aggregations") }
        return following.aggregations[number]
    }

    /// Refuses choices of which there are more than the query has.
    func requireAllFollowed() throws {
        guard let following else { return }
        if following.patterns.count != choices.patterns.count { try refuse("it has too many patterns") as Void }
        if following.aggregations.count != choices.aggregations.count { try refuse("it has too many aggregations") as Void }
    }

    func refuse<Result>(_ reason: String) throws -> Result { throw PlanRefused(reason) }
}
