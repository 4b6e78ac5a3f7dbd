// A disk that fails on demand, so that tests can provoke what a real one does once in years. The seam is below RocksDB,
// in its file system (Sources/CDeedShims).

import CDeedShims

extension KeyValueStore {
    /// Give it to a store in its options; it may be changed at any time.
    package final class Faults: @unchecked Sendable {
        // Unchecked: the object behind the pointer is made of atomics.
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
    }
}
