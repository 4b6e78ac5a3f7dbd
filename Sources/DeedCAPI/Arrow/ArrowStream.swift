// Any source of record batches as an Arrow C stream: the callbacks, and what they remember of an error.

import CDeed
import DeedEngine
import Glibc

/// Fills in `stream`, which then belongs to whoever it is given to. `next` gives the batches one after another and nil at
/// the end; it is called on the consumer's threads, one call at a time, and released with the stream.
func exportStream(
    schema: @escaping () -> ArrowSchemaParts, next: @escaping () throws(DeedError) -> ArrowArrayParts?,
    into stream: UnsafeMutablePointer<ArrowArrayStream>
) {
    let exporter = ArrowExporter(schema, next)
    stream.initialize(
        to: ArrowArrayStream(
            get_schema: { stream, out in
                guard let exporter = ArrowExporter.of(stream), let out else { return EINVAL }
                exporter.schema().move(into: out)
                return 0
            },
            get_next: { stream, out in
                guard let exporter = ArrowExporter.of(stream), let out else { return EINVAL }
                return exporter.next(into: out)
            },
            get_last_error: { stream in ArrowExporter.of(stream)?.lastError },
            release: { stream in
                guard let stream, let data = stream.pointee.private_data else { return }
                stream.pointee.release = nil
                stream.pointee.private_data = nil
                Unmanaged<ArrowExporter>.fromOpaque(data).release()
            },
            private_data: Unmanaged.passRetained(exporter).toOpaque()))
}

/// The state of an exported stream.
private final class ArrowExporter {
    let schema: () -> ArrowSchemaParts
    private var produce: (() throws(DeedError) -> ArrowArrayParts?)?
    private var failure: DeedError?
    /// The message of `failure`, as C wants it.
    private var message: UnsafeMutablePointer<CChar>?

    init(_ schema: @escaping () -> ArrowSchemaParts, _ produce: @escaping () throws(DeedError) -> ArrowArrayParts?) {
        self.schema = schema
        self.produce = produce
    }

    deinit { free(message) }

    static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> ArrowExporter? {
        guard let data = stream?.pointee.private_data else { return nil }
        return Unmanaged<ArrowExporter>.fromOpaque(data).takeUnretainedValue()
    }

    var lastError: UnsafePointer<CChar>? { UnsafePointer(message) }

    /// An error ends the stream: later calls repeat it.
    func next(into out: UnsafeMutablePointer<ArrowArray>) -> Int32 {
        out.initialize(to: ArrowArray())
        if let failure { return Self.code(of: failure.status) }
        do throws(DeedError) {
            if let batch = try produce?() {
                batch.move(into: out)
                return 0
            }
            // What produces the batches may hold a snapshot, which is of no use to anyone from here on.
            produce = nil
            return 0
        } catch {
            failure = error
            message = strdup(error.message)
            produce = nil
            return Self.code(of: error.status)
        }
    }

    private static func code(of status: Status) -> Int32 {
        switch status {
        case .outOfMemory: ENOMEM
        case .invalidArgument, .typeMismatch, .limitExceeded: EINVAL
        case .interrupted: ECANCELED
        default: EIO
        }
    }
}
