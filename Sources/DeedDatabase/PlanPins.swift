// Plans that were set for the queries of a shape. They live as long as the database is open, and take precedence over what the
// planner would choose.

import DeedEngine
import DeedExecution
import DeedValues
import Synchronization

/// A plan that was set.
final class PlanPin: Sendable {
    let document: PlanDocument
    init(_ document: PlanDocument) { self.document = document }
}

final class PlanPins: Sendable {
    /// What a plan of a query was made for.
    struct Found: Sendable {
        /// Of all pins, before this one was looked for.
        let version: UInt64
        let pin: PlanPin?
        /// Why the pin could not be followed; nil if it was.
        var refusal: String?
    }

    static let countMax = 4_096

    private let changes = Atomic<UInt64>(0)
    private let pins = Mutex<[NameKey: PlanPin]>([:])

    /// Changes whenever a plan is set or cleared.
    var version: UInt64 { changes.load(ordering: .acquiring) }

    /// The version is that of before, so that a change in between is noticed.
    func find(_ shape: String) -> Found {
        let version = version
        return Found(version: version, pin: pins.withLock { $0[NameKey(shape)] })
    }

    /// True if the plan that was set for the query is the one that the query was planned with.
    func isGood(_ query: PreparedQuery) -> Bool {
        if query.pinsVersion.load(ordering: .relaxed) == version { return true }
        let found = find(query.planShape)
        if found.pin !== query.pin.pin { return false }
        query.pinsVersion.store(found.version, ordering: .relaxed)
        return true
    }

    func set(_ pin: PlanPin) throws(DeedError) {
        let isFull = pins.withLock { pins in
            let shape = NameKey(pin.document.shape)
            if pins.count >= Self.countMax && pins[shape] == nil { return true }
            pins[shape] = pin
            return false
        }
        if isFull { throw DeedError(.invalidArgument, "plans are set for \(Self.countMax) shapes already; clear some") }
        changes.add(1, ordering: .acquiringAndReleasing)
    }

    /// False if none was set.
    func clear(_ shape: String) -> Bool {
        guard pins.withLock({ $0.removeValue(forKey: NameKey(shape)) }) != nil else { return false }
        changes.add(1, ordering: .acquiringAndReleasing)
        return true
    }

    /// By shape.
    var all: [PlanPin] {
        pins.withLock { Array($0.values) }.sorted { $0.document.shape.utf8.lexicographicallyPrecedes($1.document.shape.utf8) }
    }
}
