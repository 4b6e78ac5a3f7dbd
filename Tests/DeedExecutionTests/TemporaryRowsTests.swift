// Rows that are put aside in temporary files: every kind of join, and disks that fail. That rows, orders and groups are the same
// is compared at length in python/tests/test_query_spilling.py and test_query_oracle.py.

@testable import DeedEngine
import DeedExecution
import DeedValues
import Glibc
import Testing

@Suite struct TemporaryRowsTests {
    private static let many = (0..<9_000).map { ($0 * 7919) % 10_007 }

    private func sorted() -> PlanNode {
        PlanNode(.sort(child: unwind(ints(Self.many), 0), [SortKey(value: .slot(0), isDescending: false)]))
    }

    private func joined(_ kind: JoinKind) -> PlanNode {
        let build = (0..<5_000).map { number -> Value in
            switch number % 5 {
            case 0: .int(Int64(number % 700))
            case 1: .float(Double(number % 900))
            case 2: .string("a text of some length \(number % 300)")
            case 3: .null
            default: .list([.int(Int64(number % 40)), number % 80 == 4 ? .null : .int(1)])
            }
        }
        let probe = build.reversed().dropFirst(1_000) + [.float(.nan), .bool(true), .int(-1), .null]
        return PlanNode(
            .join(
                build: unwind(list(build), 0), probe: unwind(list(Array(probe)), 1), keys: [(build: .slot(0), probe: .slot(1))], kind))
    }

    @Test(arguments: [JoinKind.inner, .outer, .semi, .anti], [1, 16 << 10])
    func joinsOfPartsGiveWhatJoinsInMemoryGive(kind: JoinKind, queryMemory: Int) throws {
        let (large, small) = (try TestGraph(), try TestGraph(queryMemory: queryMemory))
        let wanted = try large.runTwice(joined(kind), [0, 1]).sorted()
        #expect(try small.runTwice(joined(kind), [0, 1]).sorted() == wanted)
        #expect(large.graph.temporaryFiles.bytesWritten == 0 && small.graph.temporaryFiles.bytesWritten > 0)
        #expect(!wanted.isEmpty)
    }

    @Test func aRunForEachChunkIsMergedInSeveralSteps() throws {
        let graph = try TestGraph(queryMemory: 1)
        let long = unwind(unwind(ints(0..<40), 1), ints(0..<2_048), 0)
        let keys = [SortKey(value: .arithmetic(.modulo, .slot(0), int(100)), isDescending: true)]
        let expected = try TestGraph().run(PlanNode(.sort(child: long, keys)), [0, 1])
        #expect(try graph.runTwice(PlanNode(.sort(child: long, keys)), [0, 1]) == expected)
        #expect(expected.count == 40 * 2_048 && graph.graph.temporaryFiles.bytes == 0)
    }

    @Test(arguments: [(ENOSPC, Status.diskFull), (EIO, Status.ioError)])
    func aWriteThatFailsEndsTheQuery(number: Int32, status: Status) throws {
        let faults = KeyValueStore.Faults()
        let graph = try TestGraph(queryMemory: 1, faults: faults)
        let distinct = PlanNode(.aggregate(child: unwind(ints(Self.many), 0), keys: [(slot: 1, value: .slot(0))], []))
        for plan in [sorted(), joined(.inner), distinct] {
            let wanted = try graph.run(plan, [0, 1])
            for writes in [0, 1, 7] {
                faults.failWrites(after: writes, with: number)
                expectError(status) { _ = try graph.run(plan, [0, 1]) }
                faults.stop()
                #expect(graph.graph.temporaryFiles.bytes == 0)
            }
            #expect(try graph.run(plan, [0, 1]) == wanted)
        }
    }

    @Test(arguments: [(KeyValueStore.Fault.shortRead, Status.ioError), (.flippedRead, .corruption)])
    func aReadThatFailsIsAnErrorAndNoAnswer(fault: KeyValueStore.Fault, status: Status) throws {
        let faults = KeyValueStore.Faults()
        let graph = try TestGraph(queryMemory: 1, faults: faults)
        for plan in [sorted(), joined(.outer)] {
            let wanted = try graph.run(plan, [0, 1])
            faults.plan(fault, at: .openBegun)
            faults.reach(.openBegun)
            expectError(status) { _ = try graph.run(plan, [0, 1]) }
            faults.stop()
            #expect(try graph.run(plan, [0, 1]) == wanted)
        }
    }

    private func expectError(_ status: Status, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("no error")
        } catch let error as DeedError {
            #expect(error.status == status, "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }
}
