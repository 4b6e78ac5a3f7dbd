// Operators that have run before and wait for the next execution of their plan, within the result that they had rows for. A
// short query would spend more on making them, and on freeing them, than on what they do.

import DeedEngine
import DeedExecution
import DeedValues
import Synchronization

/// The operators of a plan, and what they share; for one execution at a time.
final class PlanInstance: @unchecked Sendable {
    let root: Operator
    let context: QueryContext
    /// What the plan begins with: one row without columns.
    private let start: Chunk

    init(_ plan: QueryPlan, _ context: QueryContext) throws {
        self.context = context
        root = try makeOperator(plan.root, context, isLast: plan.columns.isEmpty)
        start = Chunk(slots: context.slotCount, count: 1)
        root.reset(argument: start)
    }

    /// Lets go of what the execution held. False if there can be no other one.
    func end() -> Bool {
        context.counts.clear()
        root.reset(argument: start)
        return context.end()
    }
}

/// The instances of one plan that nobody uses, in results that nobody has any more.
final class PlanInstances: Sendable {
    /// Executions of one plan at the same time that find an instance.
    private static let waitingMax = 4
    /// Of all plans of the process: an instance takes some kilobytes, and hardly anybody has so many texts in use.
    private static let waitingInAllMax = 512
    private static let waitingInAll = Atomic<Int>(0)
    private let waiting = Mutex<[QueryResult]>([])

    deinit { forget(waiting.withLock { $0.count }) }

    private func forget(_ count: Int) { Self.waitingInAll.subtract(count, ordering: .relaxed) }

    func take() -> QueryResult? {
        guard let result = waiting.withLock({ $0.popLast() }) else { return nil }
        forget(1)
        return result
    }

    /// Keeps an instance whose execution came to its end without an error, and its result.
    func give(_ instance: PlanInstance, _ result: QueryResult) {
        guard instance.context.isReusable, Self.waitingInAll.load(ordering: .relaxed) < Self.waitingInAllMax, instance.end()
        else { return }
        waiting.withLock { waiting in
            if waiting.count >= Self.waitingMax { return }
            waiting.append(result)
            Self.waitingInAll.add(1, ordering: .relaxed)
        }
    }

    /// Evaluators remember the values of parameters for as long as they wait; and an element of the graph makes another
    /// evaluator than a value does.
    static func isSmall(_ value: Value) -> Bool {
        switch value {
        case .null, .bool, .int, .float, .decimal, .date, .localTime, .zonedTime, .localDatetime, .zonedDatetime, .duration: true
        case .string(let text): text.utf8.count <= 1_024
        default: false
        }
    }
}
