// Whole files compared with their checksums. RocksDB checks each block of a table when it reads it; the checksum over the
// whole file, which it keeps in its manifest, covers also what no read looks at.

import CDeedShims
import CRocksDB

extension KeyValueStore {
    /// Reads every table file and compares it with its checksum. `progress` gets bytes and answers false to stop.
    /// O(bytes on disk).
    func verifyTables(
        _ report: @escaping (_ family: String, FileProblem) -> Void, progress: @escaping (_ bytes: UInt64) -> Bool
    ) throws(DeedError) {
        let handle = try handle()
        let visit = Visit(report: report, progress: progress)
        let context = Unmanaged.passUnretained(visit).toOpaque()
        withExtendedLifetime(visit) {
            shim_verify_tables(
                handle.database, handle.tuning.database,
                { context, family, path, size, problem in
                    guard let context, let family, let path else { return false }
                    let visit = Unmanaged<Visit>.fromOpaque(context).takeUnretainedValue()
                    if let problem {
                        let name = String(cString: path).split(separator: "/").last.map(String.init) ?? ""
                        visit.report(String(cString: family), FileProblem(name: name, text: String(cString: problem)))
                    }
                    return visit.progress(size)
                }, context)
        }
    }

    private final class Visit {
        let report: (String, FileProblem) -> Void
        let progress: (UInt64) -> Bool

        init(report: @escaping (String, FileProblem) -> Void, progress: @escaping (UInt64) -> Bool) {
            self.report = report
            self.progress = progress
        }
    }
}

