// Steps in two phases: the step's changes are prepared and undone once, and then prepared again and committed.

import DeedEngine

extension Workload {
    static func isPrepared(_ step: Int) -> Bool { step % 5 == 2 }
    static func undoneName(_ step: Int) -> String { "undone \(step)" }
    static func preparedName(_ step: Int) -> String { "step \(step)" }

    func runPrepared(_ step: Int, reaching stage: (Stage) -> Void) throws(DeedError) {
        try prepare(step, as: Self.undoneName(step))
        stage(.undonePrepared)
        stage(.undoing)
        try decide(Self.undoneName(step))
        stage(.undone)
        try prepare(step, as: Self.preparedName(step))
        stage(.prepared)
        // What is prepared stays when the log goes. A checkpoint that fails does no harm.
        if step % 2 == 1 { try? graph.checkpoint() }
        stage(.committing)
        try decide(Self.preparedName(step))
    }

    private func prepare(_ step: Int, as name: String) throws(DeedError) {
        let transaction = try graph.begin(readOnly: false)
        do throws(DeedError) {
            try change(step, transaction)
            try withBytes(name) { name throws(DeedError) in try graph.prepare(transaction, as: name) }
        } catch {
            graph.rollback(transaction)
            throw error
        }
    }

    /// Ends a prepared transaction as its name says.
    func decide(_ name: String) throws(DeedError) {
        try withBytes(name) { bytes throws(DeedError) in
            if name.hasPrefix("undone") { try graph.rollbackPrepared(bytes) } else { try graph.commitPrepared(bytes) }
        }
    }

    private func withBytes(
        _ text: String, _ body: (UnsafeRawBufferPointer) throws(DeedError) -> Void
    ) throws(DeedError) {
        let bytes = Array(text.utf8)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try body(UnsafeRawBufferPointer(copy))
    }
}
