// Verifying and repairing stores.

import CDeed
import DeedEngine

/// A report with its texts as C strings.
private final class ReportHandle {
    let isOK: Bool
    let findings: UnsafeMutableBufferPointer<deed_finding>
    let kept: UnsafeMutablePointer<CChar>

    init(_ report: IntegrityReport) {
        isOK = report.isOK
        findings = .allocate(capacity: report.findings.count)
        for (index, finding) in report.findings.enumerated() {
            findings.initializeElement(
                at: index,
                to: deed_finding(
                    severity: finding.severity.rawValue, place: copyText(finding.place).0,
                    message: copyText(finding.message).0, lost: copyText(finding.lost).0))
        }
        kept = copyText(report.kept).0
    }

    deinit {
        for finding in findings {
            finding.place.deallocate()
            finding.message.deallocate()
            finding.lost.deallocate()
        }
        findings.deallocate()
        kept.deallocate()
    }
}

private func handle(_ report: OpaquePointer?) -> ReportHandle? {
    guard let report else { return nil }
    return Unmanaged<ReportHandle>.fromOpaque(UnsafeRawPointer(report)).takeUnretainedValue()
}

/// Runs `work` with the path as text and the caller's progress callback, and hands out its report.
private func report(
    _ path: UnsafePointer<CChar>?, _ pathSize: Int, _ progress: deed_progress?, _ userData: UnsafeMutableRawPointer?,
    _ outReport: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut,
    _ work: (String, @escaping Progress) throws(DeedError) -> IntegrityReport
) -> deed_status {
    outReport?.pointee = nil
    return run(outError) { () throws(DeedError) in
        let out = try required(outReport, "out_report")
        let bytes = try bytes(path, pathSize)
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty, !bytes.contains(0) else {
            throw DeedError(.invalidArgument, "the path is empty, not UTF-8, or contains a NUL")
        }
        let callback = ProgressCallback(call: progress, userData: userData)
        out.pointee = retained(ReportHandle(try work(text, callback.report)))
    }
}

@c @implementation
public func deed_verify(
    _ path: UnsafePointer<CChar>?, _ path_size: Int, _ progress: deed_progress?, _ user_data: UnsafeMutableRawPointer?,
    _ out_report: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    report(path, path_size, progress, user_data, out_report, out_error) { path, progress throws(DeedError) in
        try IntegrityReport.verify(path, progress: progress)
    }
}

@c @implementation
public func deed_repair(
    _ path: UnsafePointer<CChar>?, _ path_size: Int, _ keep: Bool, _ progress: deed_progress?,
    _ user_data: UnsafeMutableRawPointer?, _ out_report: UnsafeMutablePointer<OpaquePointer?>?, _ out_error: ErrorOut
) -> deed_status {
    report(path, path_size, progress, user_data, out_report, out_error) { path, progress throws(DeedError) in
        try IntegrityReport.repair(path, keepsDamaged: keep, progress: progress)
    }
}

@c @implementation
public func deed_report_ok(_ report: OpaquePointer?) -> Bool { handle(report)?.isOK ?? false }

@c @implementation
public func deed_report_count(_ report: OpaquePointer?) -> Int { handle(report)?.findings.count ?? 0 }

@c @implementation
public func deed_report_finding(_ report: OpaquePointer?, _ index: Int) -> UnsafePointer<deed_finding>! {
    guard let findings = handle(report)?.findings, findings.indices.contains(index), let base = findings.baseAddress
    else { return nil }
    return UnsafePointer(base + index)
}

@c @implementation
public func deed_report_kept(_ report: OpaquePointer?) -> UnsafePointer<CChar>! { handle(report).map { UnsafePointer($0.kept) } }

@c @implementation
public func deed_report_destroy(_ report: OpaquePointer?) { release(report, ReportHandle.self) }
