// What only databases that follow another process need.

import CDeed
import DeedEngine

@c @implementation
public func deed_database_catch_up(
    _ database: OpaquePointer?, _ sequence: UInt64, _ timeout_ms: UInt64, _ out_sequence: UnsafeMutablePointer<UInt64>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_sequence?.pointee = 0
    return run(out_error) { () throws(DeedError) in
        let handle = try object(database, DatabaseHandle.self)
        try handle.graph.requireOpen()
        let day = 86_400_000
        let seen = try handle.follower?.catchUp(to: sequence, milliseconds: min(Int(clamping: timeout_ms), day))
        out_sequence?.pointee = seen ?? handle.graph.lastCommit
    }
}
