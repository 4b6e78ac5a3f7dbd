// A disk that fails on demand, so that tests can provoke what a real one does once in years. The seam is below RocksDB,
// in its file system (Sources/CDeedShims).

import CDeedShims

extension KeyValueStore {
    /// Give it to a store in its options; it may be changed at any time.
    package final class Faults: @unchecked Sendable {
        // Unchecked: the object behind the pointer guards itself.
        let pointer: OpaquePointer

        package init() { pointer = shim_faults_create() }

        deinit { shim_faults_destroy(pointer) }

        /// After so many more writes to files every one fails with the system's error `number`, until told otherwise.
        package func failWrites(after count: Int, with number: Int32) {
            shim_faults_set(pointer, Int64(count), -1, number)
        }

        /// Likewise for fdatasync and fsync.
        package func failSyncs(after count: Int, with number: Int32) {
            shim_faults_set(pointer, -1, Int64(count), number)
        }

        package func stop() { shim_faults_set(pointer, -1, -1, 0) }

        // MARK: Plans

        /// The fault begins when the point is reached for the `count`-th time from now.
        package func plan(_ fault: Fault, at point: FaultPoint, count: Int = 1) {
            shim_faults_plan(pointer, point.rawValue, Int64(count), fault.rawValue)
        }

        /// How often the point was reached since the last plan.
        package func count(of point: FaultPoint) -> Int { Int(shim_faults_reached(pointer, point.rawValue)) }

        @inline(never)
        func reach(_ point: FaultPoint) { shim_faults_reach(pointer, point.rawValue) }
    }

    /// What goes wrong; the numbers are those of CDeedShims.h.
    package enum Fault: Int32, CaseIterable, Sendable {
        case writeError = 1
        case syncError = 2
        case diskFull = 3
        case partialWrite = 4
        case shortRead = 5
        case flippedRead = 6
        case stop = 7
        case powerCut = 8
        case tornPowerCut = 9
    }

    /// The status of a process that a fault has stopped.
    package static let stoppedStatus = Int32(SHIM_STOPPED)
}
