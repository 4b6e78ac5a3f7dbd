// Plans of queries and reports of their executions, as JSON.

import CDeed
import DeedDatabase
import DeedEngine

/// Hands out text that the caller frees with deed_text_destroy.
private func lend(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ outSize: UnsafeMutablePointer<Int>?,
    _ outError: ErrorOut, _ body: () throws -> String
) -> deed_status {
    out?.pointee = nil
    outSize?.pointee = 0
    return runQuery(outError) {
        let out = try required(out, "out_json")
        let (text, size) = copyText(try body())
        out.pointee = text
        outSize?.pointee = size
    }
}

private func engine(_ database: OpaquePointer?) throws -> QueryEngine {
    let queries = try object(database, DatabaseHandle.self).queries
    try queries.graph.requireOpen()
    return queries
}

@c @implementation
public func deed_reports_drain(
    _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ out_size: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    lend(out_json, out_size, out_error) {
        JSON.array(try object(database, DatabaseHandle.self).queries.reports.drain().map(\.json)).text
    }
}

@c @implementation
public func deed_plan_explain(
    _ database: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ query_size: Int, _ plan: UnsafePointer<CChar>?, _ plan_size: Int,
    _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_size: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    lend(out_json, out_size, out_error) {
        let given = try plan.map { try queryText($0, plan_size) }
        return try engine(database).explainPlan(try queryText(query, query_size), following: given)
    }
}

@c @implementation
public func deed_plan_set(
    _ database: OpaquePointer?, _ shape: UnsafePointer<CChar>?, _ shape_size: Int, _ plan: UnsafePointer<CChar>?, _ plan_size: Int,
    _ out_error: ErrorOut
) -> deed_status {
    runQuery(out_error) {
        try engine(database).setPlan(try queryText(shape, shape_size), try queryText(plan, plan_size))
    }
}

@c @implementation
public func deed_plan_clear(
    _ database: OpaquePointer?, _ shape: UnsafePointer<CChar>?, _ shape_size: Int, _ out_was_set: UnsafeMutablePointer<Bool>?,
    _ out_error: ErrorOut
) -> deed_status {
    out_was_set?.pointee = false
    return runQuery(out_error) {
        let wasSet = try engine(database).clearPlan(try queryText(shape, shape_size))
        out_was_set?.pointee = wasSet
    }
}

@c @implementation
public func deed_plans(
    _ database: OpaquePointer?, _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ out_size: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    lend(out_json, out_size, out_error) { try engine(database).setPlans() }
}

@c @implementation
public func deed_plan_space(
    _ database: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ query_size: Int,
    _ out_json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ out_size: UnsafeMutablePointer<Int>?, _ out_error: ErrorOut
) -> deed_status {
    lend(out_json, out_size, out_error) { try engine(database).planSpace(try queryText(query, query_size)) }
}
