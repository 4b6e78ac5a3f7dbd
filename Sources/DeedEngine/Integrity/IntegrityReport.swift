// What a verification or a repair has to say.

package struct IntegrityReport: Sendable {
    /// Numbers are those of `deed_severity` in Include/deed.h.
    package enum Severity: Int32, Sendable {
        /// Nothing is wrong: space that could be given back, or what a repair has done.
        case note = 0
        /// Something is damaged, but no data: it can be made again from what is there.
        case warning = 1
        /// Data is lost or wrong.
        case error = 2
    }

    package struct Finding: Sendable {
        package var severity: Severity
        /// A file, or rows of a table.
        package var place: String
        package var message: String
        /// What is lost, in words; empty if nothing is.
        package var lost: String
    }

    package private(set) var findings: [Finding] = []
    /// Where a repair has put the store as it was; empty if there is no such place.
    package var kept = ""

    /// True if nothing is damaged.
    package var isOK: Bool { !findings.contains { $0.severity != .note } }

    mutating func add(_ severity: Severity, _ place: String, _ message: String, lost: String = "") {
        findings.append(Finding(severity: severity, place: place, message: message, lost: lost))
    }
}
