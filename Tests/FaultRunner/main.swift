// Provokes every fault at every named point, in a process of its own each time, and says what became of the store.
//
//   FaultRunner table [--fast] [--write FILE]     the whole table, or the part that every test run has
//   FaultRunner flips TRIALS SEED                 flips bits in closed stores
//   FaultRunner fuzz TRIALS SEED                  changes values where no checksum sees it
//   FaultRunner garble STORE SEED                 one child of the latter
//   FaultRunner run|visit|check|examine|mend STORE [POINT FAULT COUNT]     one child

import DeedEngine
import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())

func usage() -> Never {
    print(
        "usage: FaultRunner table [--fast] [--write FILE] | flips|fuzz TRIALS SEED | run|visit|check|examine|mend STORE [POINT FAULT COUNT]"
    )
    exit(2)
}

guard let mode = arguments.first else { usage() }
if mode == "table" {
    let isFast = arguments.contains("--fast")
    let file = arguments.firstIndex(of: "--write").map { arguments[$0 + 1] }
    exit(FaultTable(isFast: isFast).run(writing: file) ? 0 : 1)
}
guard arguments.count >= 2 else { usage() }
if mode == "flips" {
    guard arguments.count == 3, let trials = Int(arguments[1]), let seed = UInt64(arguments[2]) else { usage() }
    exit(Flips(trials: trials, seed: seed).run() ? 0 : 1)
}
if mode == "fuzz" {
    guard arguments.count == 3, let trials = Int(arguments[1]), let seed = UInt64(arguments[2]) else { usage() }
    exit(Fuzz(trials: trials, seed: seed).run() ? 0 : 1)
}
let child = Child(store: arguments[1])
if arguments.count >= 5, let point = Int32(arguments[2]).flatMap(FaultPoint.init(rawValue:)),
    let fault = Int32(arguments[3]).flatMap(KeyValueStore.Fault.init(rawValue:)), let count = Int(arguments[4])
{
    child.faults.plan(fault, at: point, count: count)
}
switch mode {
case "run": exit(child.run().rawValue)
case "visit": exit(child.visit().rawValue)
case "check": exit(child.check().rawValue)
case "examine": exit(child.examine().rawValue)
case "mend": exit(child.mend().rawValue)
case "garble": child.garble(seed: arguments.count > 2 ? UInt64(arguments[2]) ?? 0 : 0)
default: usage()
}
