// The fault table, flipped bits and garbled values (Tests/FaultRunner), or the part of them that every test run has. DEED_FAULTS=all for
// the whole table, DEED_FLIPS=1000 for more bits.

import Glibc
import Testing

@Suite struct FaultTableTests {
    @Test func everyFaultIsSurvived() throws {
        let program = "\(try folderOfThisProgram())/FaultRunner"
        var arguments = [program, "table"]
        if getenv("DEED_FAULTS").map({ String(cString: $0) }) != "all" { arguments.append("--fast") }
        #expect(run(arguments) == 0, "run \(arguments.joined(separator: " ")) for what went wrong")
    }

    @Test func everyFlippedBitIsNoticed() throws {
        let trials = getenv("DEED_FLIPS").map { String(cString: $0) } ?? "60"
        let arguments = ["\(try folderOfThisProgram())/FaultRunner", "flips", trials, "1"]
        #expect(run(arguments) == 0, "run \(arguments.joined(separator: " ")) for what went unnoticed")
    }

    @Test func noGarbledValueCrashes() throws {
        let trials = getenv("DEED_FLIPS").map { String(cString: $0) } ?? "60"
        let arguments = ["\(try folderOfThisProgram())/FaultRunner", "fuzz", trials, "1"]
        #expect(run(arguments) == 0, "run \(arguments.joined(separator: " ")) for what crashed")
    }

    private func folderOfThisProgram() throws -> Substring {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let end = try #require(path.lastIndex(of: "/"))
        return path[..<end]
    }

    private func run(_ arguments: [String]) -> Int32 {
        var process: pid_t = 0
        let texts = arguments.map { strdup($0) }
        defer { for text in texts { free(text) } }
        var pointers: [UnsafeMutablePointer<CChar>?] = texts + [nil]
        guard posix_spawn(&process, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        return status
    }
}
