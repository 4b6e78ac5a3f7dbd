// One bit of one file of a closed store is flipped, and a child reads everything and verifies the store. It must not
// crash, must not read anything but what was written, and either reading or verifying must say that something is wrong. Every
// fifth store is repaired afterwards.

import DeedEngine
import Glibc

/// How a child ends that looks at a store with a flipped bit.
enum Examined: Int32 {
    case noticedByReading = 20
    case noticedByVerifying = 21
    case unnoticed = 22
    case wrong = 23
}

extension Child {
    func examine() -> Examined {
        var isNoticed = false
        do throws(DeedError) {
            isNoticed = !(try IntegrityReport.verify(store).isOK)
            let graph = try open()
            let workload = try Workload(graph)
            let found = try workload.rowsFound()
            if found != Workload.expected(after: Self.stepsOfFlips) {
                explain(found, Workload.expected(after: Self.stepsOfFlips))
                return .wrong
            }
            return isNoticed ? .noticedByVerifying : .unnoticed
        } catch {
            return isNoticed ? .noticedByReading : .unnoticed
        }
    }

    /// Repairs the store; then it must be good, and hold all that the report does not call lost.
    func mend() -> Ending {
        do throws(DeedError) {
            let report = try IntegrityReport.repair(store, keepsDamaged: false)
            let check = try IntegrityReport.verify(store)
            for finding in check.findings where finding.severity != .note { say("\(finding.place): \(finding.message)") }
            if !check.isOK { return .wrong }
            let graph = try open()
            let found = try Workload(graph).found()
            try graph.close()
            let expected = Workload.expected(after: Self.stepsOfFlips)
            let isLossReported = report.findings.contains { $0.severity == .error }
            if found == expected || isLossReported { return .finished }
            explain(found, expected)
            return .wrong
        } catch {
            say("repair: \(error)")
            return .wrong
        }
    }

    static let stepsOfFlips = steps
}

struct Flips {
    let trials: Int
    let seed: UInt64

    private struct File {
        var name: String
        var content: [UInt8]

        /// SST, MANIFEST, CURRENT, ...
        var kind: String {
            if name.hasSuffix(".sst") { return "table" }
            if name.hasSuffix(".log") { return "log" }
            return String(name.prefix { $0 != "-" })
        }
    }

    /// True if every flip was noticed and none did harm.
    func run() -> Bool {
        let folder = makeScratchFolder()
        defer { _ = spawn("/bin/rm", ["-rf", folder]) }
        let store = "\(folder)/store"
        if Child(store: store).run() != .finished { return false }
        let files = fileNames(in: store).filter { $0 != "LOCK" && $0 != "incoming" }
            .map { File(name: $0, content: readFile("\(store)/\($0)")) }
        let kinds = Set(files.filter { !$0.content.isEmpty }.map(\.kind)).sorted()
        var random = Generator(state: seed)
        var counts: [Int32: Int] = [:]
        var isGood = true
        for trial in 0..<trials {
            let file = trial % 2 == 0 ? pickBySize(files, &random) : pick(files, kind: kinds[trial / 2 % kinds.count], &random)
            let position = random.next(below: file.content.count)
            let bit = random.next(below: 8)
            var damaged = file
            damaged.content[position] ^= 1 << UInt8(bit)
            // What was opened has changed.
            for other in fileNames(in: store) where other != "incoming" { unlink("\(store)/\(other)") }
            for other in files { writeFile("\(store)/\(other.name)", other.name == file.name ? damaged.content : other.content) }
            let status = spawn(CommandLine.arguments[0], ["examine", store])
            let mended = trial % 5 == 0 ? spawn(CommandLine.arguments[0], ["mend", store]) : 0
            if mended != 0 {
                isGood = false
                print("FAILED: bit \(bit) of byte \(position) of \(file.name): the repair ended with \(mended)")
            }
            counts[status, default: 0] += 1
            let isNoticed = status == Examined.noticedByReading.rawValue || status == Examined.noticedByVerifying.rawValue
            if !isNoticed {
                isGood = false
                print("FAILED: bit \(bit) of byte \(position) of \(file.name): the child ended with \(status)")
            }
        }
        let summary = counts.sorted { $0.key < $1.key }.map { status, count in
            "\(Examined(rawValue: status).map { "\($0)" } ?? "ended with \(status)") \(count)"
        }
        print("\(trials) flipped bits in \(files.count) files of kinds \(kinds.joined(separator: ", ")), seed \(seed): "
            + summary.joined(separator: ", "))
        return isGood
    }

    private func pickBySize(_ files: [File], _ random: inout Generator) -> File {
        var position = random.next(below: files.reduce(0) { $0 + $1.content.count })
        for file in files {
            if position < file.content.count { return file }
            position -= file.content.count
        }
        return files[0]
    }

    private func pick(_ files: [File], kind: String, _ random: inout Generator) -> File {
        let candidates = files.filter { $0.kind == kind }
        return candidates[random.next(below: candidates.count)]
    }
}
