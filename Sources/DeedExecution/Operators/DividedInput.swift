// All rows of an input, for an operator that reads all of them before it gives anything out: by one worker, or divided among
// several where there are many rows.
//
// A worker has operators, evaluators and a state of its own. What they share is the source of morsels: whoever is done with one
// takes the next. The states are joined by the operator at the end. The caller is one of the workers.

import DeedEngine

final class DividedInput {
    private let child: Operator
    private let plan: PlanNode?
    private let wish: ScanWish
    private let context: QueryContext
    private var argument: Chunk?

    /// `plan`: what `child` was made of, if it may be divided.
    init(_ child: Operator, plan: PlanNode?, _ wish: ScanWish, _ context: QueryContext) {
        (self.child, self.plan, self.wish) = (child, plan, wish)
        self.context = context
    }

    func reset(argument: Chunk) {
        child.reset(argument: argument)
        self.argument = argument
    }

    /// The states of all workers: each made for the worker's context, and given the worker's chunks one after the other.
    func readAll<State: AnyObject>(
        _ make: (QueryContext) throws -> State, add: (State, Chunk) throws -> Void
    ) throws -> [State] {
        guard let (team, workers) = try divide() else {
            let state = try make(context)
            while let chunk = try child.next() {
                try context.checkInterrupt()
                try add(state, chunk)
            }
            return [state]
        }
        let states = try workers.map { try make($0.context) }
        try team.run(workers.count) { number in
            while let chunk = try workers[number].next() {
                try workers[number].context.checkInterrupt()
                try add(states[number], chunk)
            }
        }
        for worker in workers { context.counts.add(worker.context.counts) }
        return states
    }

    /// Where a scan has a bound, a few morsels tell which of the others need not be looked at, and these are the work.
    private var rowsMin: Int {
        let rowsMin = context.view.graph.options.parallelRowsMin
        return wish.bound == nil ? rowsMin : min(rowsMin, .max / Self.boundFactor) * Self.boundFactor
    }
    private static let boundFactor = 32

    /// An operator for each worker; nil if one is enough.
    private func divide() throws -> (QueryContext.Team, [Operator])? {
        guard let plan, let argument, argument.count == 1, argument.columns.allSatisfy({ $0 == nil }),
            let source = plan.scannedMorsels(context.view, rowsMin)
        else { return nil }
        let divided = source.divided(among: context.threads)
        let workers = min(context.threads, divided.count)
        if workers < 2 { return nil }
        let ordered = try wish.bound.map { try divided.ordered(by: $0, context.view) } ?? divided
        let team = QueryContext.Team(context, size: workers)
        let operators = try (0..<workers).map { number in
            let maker = OperatorMaker(context: QueryContext(team, worker: number), morsels: ordered, wish: wish)
            let worker = try maker.make(plan)
            worker.reset(argument: argument)
            // The beginning has been counted already, of the operator that the workers stand for.
            worker.context.counts.clear()
            return worker
        }
        return (team, operators)
    }
}

extension PlanNode {
    /// What the scan below a divisible plan goes through; nil if that is too little to be divided.
    fileprivate func scannedMorsels(_ view: GraphView, _ rowsMin: Int) -> MorselSource? {
        let rows = view.graph.rowTotals()
        switch kind {
        case .scanEntities(_, let labels):
            if rows.entities < rowsMin { return nil }
            let source = MorselSource.entities(view, labels)
            return source.rowCount < rowsMin ? nil : source
        case .scanRelationships(_, _, _, let types):
            if rows.relationships < rowsMin { return nil }
            let source = MorselSource.relationships(view, types)
            return source.rowCount < rowsMin ? nil : source
        default: return children.first?.scannedMorsels(view, rowsMin)
        }
    }
}
