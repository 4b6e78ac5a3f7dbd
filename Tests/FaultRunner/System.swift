// Files, processes and random numbers.

import Glibc

/// A folder of its own, in memory where that exists: what a sync costs is not the point here.
func makeScratchFolder() -> String {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(parent)/deed-faults-XXXXXX".utf8CString)
    return template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
}

/// Runs a program and waits for it; the status, or minus the number of the signal that ended it.
func spawn(_ program: String, _ arguments: [String]) -> Int32 {
    var process: pid_t = 0
    let texts = ([program] + arguments).map { strdup($0) }
    defer { for text in texts { free(text) } }
    var pointers: [UnsafeMutablePointer<CChar>?] = texts + [nil]
    guard posix_spawn(&process, program, nil, nil, &pointers, environ) == 0 else { return -1000 }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
}

func fileNames(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

func readFile(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&block, 1, block.count, file)
        if count == 0 { return content }
        content.append(contentsOf: block[..<count])
    }
}

func writeFile(_ path: String, _ content: [UInt8]) {
    guard let file = fopen(path, "w") else { return }
    fwrite(content, 1, content.count, file)
    fclose(file)
}

/// Random numbers that are the same for the same seed.
struct Generator {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(bound, 1)))
    }
}
