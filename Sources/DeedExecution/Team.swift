// Workers that share some of a query's work: the thread that runs the query, and helpers of the database's.

import DeedEngine
import Synchronization

extension QueryContext {
    /// The first of its workers to fail makes the others give up.
    final class Team: @unchecked Sendable {
        let query: QueryContext
        let size: Int
        private let hasFailed = Atomic<Bool>(false)
        /// Of the first to fail; looked at when all have ended.
        private var error: (any Error)?

        init(_ query: QueryContext, size: Int) { (self.query, self.size) = (query, size) }

        var isGivenUp: Bool { hasFailed.load(ordering: .relaxed) }

        private func fail(_ error: any Error) {
            if !hasFailed.exchange(true, ordering: .relaxed) { self.error = error }
        }

        /// Handed to other threads, each of which uses what has its number.
        private struct Work: @unchecked Sendable {
            let body: (Int) throws -> Void
        }

        /// Runs `body` for each of some workers by its number, and throws what the first to fail threw.
        func run(_ workers: Int, _ body: (Int) throws -> Void) throws {
            withoutActuallyEscaping(body) { body in
                let work = Work(body: body)
                query.view.graph.workers.run(workers) {
                    do { try query.checkInterrupt() } catch { fail(error) }
                } _: { number in
                    do { try work.body(number) } catch { self.fail(error) }
                }
            }
            if let error { throw error }
        }
    }

    /// Does `work` for every piece below `count`, in any order: `workers` of them share the pieces, and whoever is done with one
    /// takes the next. `make` gives each worker what it needs of its own; where there is no memory for it, there are fewer.
    func share<State>(
        _ count: Int, among workers: Int, _ make: (QueryContext) throws -> State, _ work: (State, Int) throws -> Void
    ) throws {
        let workers = min(workers, count)
        if workers < 2 {
            let state = try make(self)
            for piece in 0..<count {
                try checkInterrupt()
                try work(state, piece)
            }
            return
        }
        let team = Team(self, size: workers)
        var states: [(context: QueryContext, own: State)] = []
        for number in 0..<workers {
            let context = QueryContext(team, worker: number)
            do {
                states.append((context, try make(context)))
            } catch let error as DeedError where error.status == .outOfMemory && number > 0 { break }
        }
        let next = Atomic<Int>(0)
        try team.run(states.count) { [states] number in
            let (context, own) = states[number]
            while case let piece = next.add(1, ordering: .relaxed).oldValue, piece < count {
                try context.checkInterrupt()
                try work(own, piece)
            }
        }
    }

    func share(_ count: Int, among workers: Int, _ work: (Int) throws -> Void) throws {
        try share(count, among: workers) { _ in } _: { try work($1) }
    }
}
