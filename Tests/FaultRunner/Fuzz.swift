// Values of a store that are changed where no checksum sees it: what is decoded may be anything then, and reading may fail or
// give anything, but it must not crash.

import DeedEngine
import Glibc

struct Fuzz {
    let trials: Int
    let seed: UInt64

    /// True if no child crashed.
    func run() -> Bool {
        let folder = makeScratchFolder()
        defer { _ = spawn("/bin/rm", ["-rf", folder]) }
        var crashes = 0
        for (name, stop) in [("closed", nil as FaultPoint?), ("stopped", .commitLogged)] {
            let origin = "\(folder)/\(name)"
            let arguments = stop.map { ["\($0.rawValue)", "\(KeyValueStore.Fault.stop.rawValue)", "33"] } ?? []
            _ = spawn(CommandLine.arguments[0], ["run", origin] + arguments)
            for trial in 0..<trials / 2 {
                let store = "\(folder)/trial"
                _ = spawn("/bin/rm", ["-rf", store])
                _ = spawn("/bin/cp", ["-r", origin, store])
                let number = seed &* 1_000_003 &+ UInt64(trial)
                let status = spawn(CommandLine.arguments[0], ["garble", store, "\(number)"])
                if status != 0 {
                    crashes += 1
                    print("FAILED: the \(name) store garbled with seed \(number): the child ended with \(status)")
                }
            }
        }
        print("\(trials) garbled values, seed \(seed): \(crashes) crashes")
        return crashes == 0
    }
}

extension Child {
    /// Changes one value, and then reads everything. Whatever that says is fine.
    func garble(seed: UInt64) {
        var random = Generator(state: seed)
        do throws(DeedError) {
            try change(&random)
            let graph = try open()
            defer { try? graph.close() }
            _ = try graph.check()
            _ = try Workload(graph).found()
            try graph.compact()
        } catch {
            // As expected.
        }
        _ = try? IntegrityReport.verify(store)
        _ = try? IntegrityReport.repair(store, keepsDamaged: false)
    }

    private func change(_ random: inout Generator) throws(DeedError) {
        let files = try KeyValueStore(path: store)
        defer { files.close() }
        var values: [(family: KeyValueStore.Family, key: [UInt8], value: [UInt8])] = []
        for family in KeyValueStore.Family.allCases {
            try files.forEach(in: family) { key, value in
                values.append((family, [UInt8](key), [UInt8](value)))
                return true
            }
        }
        // Each family is as likely as any other.
        let families = Set(values.map(\.family.rawValue)).sorted()
        let family = families[random.next(below: families.count)]
        let candidates = values.filter { $0.family.rawValue == family }
        var (chosen, key, value) = candidates[random.next(below: candidates.count)]
        switch random.next(below: 4) {
        case 0: value = Array(value.prefix(random.next(below: value.count + 1)))
        case 1: value += (0..<random.next(below: 20)).map { _ in UInt8(truncatingIfNeeded: random.next(below: 256)) }
        default:
            for _ in 0...random.next(below: 4) where !value.isEmpty {
                value[random.next(below: value.count)] = UInt8(truncatingIfNeeded: random.next(below: 256))
            }
        }
        var batch = try WriteBatch(files)
        let (keyBytes, valueBytes) = (Bytes(key), Bytes(value))
        batch.put(chosen, keyBytes.bytes, valueBytes.bytes)
        try files.write(batch, sync: false)
    }
}

/// Bytes at a fixed place.
private final class Bytes {
    private let block: UnsafeMutableRawBufferPointer
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(block) }

    init(_ content: [UInt8]) {
        block = .allocate(byteCount: content.count, alignment: 8)
        block.copyBytes(from: content)
    }

    deinit { block.deallocate() }
}
