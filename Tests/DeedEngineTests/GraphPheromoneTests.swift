// Levels of pheromone: what deposits and evaporations make of them, over deletions, checkpoints and opening again.

import Glibc
import Testing

@testable import DeedEngine

@Suite struct GraphPheromoneTests {
    private let directory = MemoryDirectory()
    private var path: String { directory.path + "/store" }

    /// Levels are kept in 32 bits.
    private func isClose(_ level: Double, _ expected: Double) -> Bool { abs(level - expected) <= 1e-5 * max(1, expected) }

    /// Deposits and evaporations at random against an array of levels, with new relationships in between.
    @Test(arguments: [1, 2, 3] as [UInt64]) func levelsAgreeWithPlainNumbers(seed: UInt64) throws {
        var random = SeededRandom(seed)
        var graph = try Graph.open(path)
        let type = try graph.intern(.relationshipType, "TRAIL")
        let places = try (0..<5).map { _ in try graph.add(try graph.intern(.collection, "Place")) }
        var levels: [RowId: Double] = [:]
        for step in 0..<400 {
            switch random.next(upTo: 20) {
            case 0..<5: levels[try graph.connect(random.pick(places), random.pick(places), type)] = 1
            case 5..<6:
                let ids = try graph.load(type, (0..<3).map { _ in (source: random.pick(places), target: places[0]) })
                for id in ids { levels[id] = 1 }
            case 6..<14:
                guard let id = levels.keys.sorted().randomElement(using: &random) else { break }
                let amount = Double(random.next(upTo: 100)) / 16
                try graph.deposit(on: id, amount)
                levels[id] = max(levels[id] ?? 0, Evaporation.floor) + amount
            case 14..<17:
                let rate = random.pick([0, 0.1, 0.5])
                try graph.evaporate(rate: rate)
                levels = levels.mapValues { max(Evaporation.floor, $0 * (1 - rate)) }
            case 17..<18:
                guard let id = levels.keys.sorted().randomElement(using: &random) else { break }
                try graph.remove(.relationship, id)
                levels[id] = nil
                let status = thrownStatus { () throws(DeedError) in _ = try graph.pheromone(of: id) }
                #expect(status == .notFound)
            case 18..<19: try graph.checkpoint()
            default:
                try graph.close()
                graph = try Graph.open(path)
                let average = try graph.statistics().averagePheromone
                let expected = levels.isEmpty ? 0 : levels.values.reduce(0, +) / Double(levels.count)
                #expect(isClose(average, expected), "step \(step): the average is \(average), not \(expected)")
            }
            for (id, expected) in levels {
                let level = try graph.pheromone(of: id)
                if !isClose(level, expected) {
                    Issue.record("step \(step): relationship \(id) has \(level), not \(expected)")
                    return
                }
            }
        }
        try graph.close()
    }

    @Test func evaporatingEverythingLeavesTheFloor() throws {
        var graph = try Graph.open(path)
        let type = try graph.intern(.relationshipType, "TRAIL")
        let place = try graph.add(try graph.intern(.collection, "Place"))
        let trail = try graph.connect(place, place, type)
        try graph.evaporate(rate: 1)
        #expect(try graph.pheromone(of: trail) == Evaporation.floor)
        let fresh = try graph.connect(place, place, type)
        #expect(try graph.pheromone(of: fresh) == 1)
        try graph.close()
        graph = try Graph.open(path)
        #expect(try graph.pheromone(of: trail) == Evaporation.floor)
        #expect(try graph.pheromone(of: fresh) == 1)
        #expect(try graph.statistics().evaporations == 1)
        for rate in [-0.1, 1.1, .nan, .infinity] {
            #expect(thrownStatus { () throws(DeedError) in try graph.evaporate(rate: rate) } == .invalidArgument)
        }
        for amount in [-0.1, .nan, .infinity] {
            #expect(thrownStatus { () throws(DeedError) in try graph.deposit(on: trail, amount) } == .invalidArgument)
        }
        try graph.close()
    }

    /// More evaporations than the table of epochs holds.
    @Test func aMillionEvaporations() throws {
        var graph = try Graph.open(path)
        let type = try graph.intern(.relationshipType, "TRAIL")
        let place = try graph.add(try graph.intern(.collection, "Place"))
        let (old, touched) = (try graph.connect(place, place, type), try graph.connect(place, place, type))
        try graph.deposit(on: touched, 1000)
        for _ in 0..<Evaporation.epochsMax - 10 { try graph.evaporate(rate: 1e-6) }
        let factor = pow(1 - 1e-6, Double(Evaporation.epochsMax - 10))
        #expect(isClose(try graph.pheromone(of: touched), 1001 * factor))
        try graph.close()
        graph = try Graph.open(path)
        let fresh = try graph.connect(place, place, type)
        for _ in 0..<20 { try graph.evaporate(rate: 0.01) }
        let later = pow(0.99, 20)
        #expect(isClose(try graph.pheromone(of: touched), 1001 * factor * later))
        #expect(isClose(try graph.pheromone(of: old), factor * later))
        #expect(isClose(try graph.pheromone(of: fresh), later))
        try graph.close()
        graph = try Graph.open(path)
        #expect(isClose(try graph.pheromone(of: touched), 1001 * factor * later))
        #expect(isClose(try graph.pheromone(of: fresh), later))
        #expect(try graph.statistics().evaporations == UInt64(Evaporation.epochsMax + 10))
        try graph.close()
    }

    /// The strongest come first, equal ones in order of id; asking for them changes nothing.
    @Test func theStrongestNeighbours() throws {
        let graph = try Graph.open(nil)
        let type = try graph.intern(.relationshipType, "TRAIL")
        let places = try (0..<6).map { _ in try graph.add(try graph.intern(.collection, "Place")) }
        let trails = try (1..<6).map { try graph.connect(places[0], places[$0], type) }
        try graph.deposit(on: trails[3], 2)
        try graph.deposit(on: trails[1], 1)
        let buffer = RecordBuffer(seed: 1)
        for _ in 0..<200 {
            try graph.strongestNeighbors(nil, places[0], count: 3, into: buffer)
            #expect((0..<buffer.neighborCount).map { buffer.relationships[$0] } == [trails[3], trails[1], trails[0]])
            #expect((0..<buffer.neighborCount).map { buffer.levels[$0] } == [3, 2, 1])
        }
        try graph.close()
    }
}
