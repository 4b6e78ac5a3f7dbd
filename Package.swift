// swift-tools-version: 6.1
import PackageDescription

// The engine is one module, since calls across modules are not inlined; everything above it calls it once per
// row-level API call or per chunk. See Sources/README.md.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // Fields of classes are accessed under latches; the run-time check of exclusive access costs several per cent.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let package = Package(
    name: "deed",
    products: [
        .library(name: "deedcore", type: .dynamic, targets: ["DeedCAPI"])
    ],
    targets: [
        .systemLibrary(name: "CRocksDB"),
        .systemLibrary(name: "CDeed", path: "Include"),
        .target(
            name: "CDeedShims", publicHeadersPath: ".",
            // Debug information that valgrind 3.19, of Debian 12, can read.
            cxxSettings: [.unsafeFlags(["-gdwarf-4"])],
            linkerSettings: [.linkedLibrary("rocksdb")]),
        .target(name: "DeedValues", swiftSettings: swiftSettings),
        .target(name: "DeedSyntax", swiftSettings: swiftSettings),
        .target(name: "DeedEngine", dependencies: ["CRocksDB", "CDeedShims", "DeedValues"], swiftSettings: swiftSettings),
        .target(name: "DeedExecution", dependencies: ["DeedEngine", "DeedValues"], swiftSettings: swiftSettings),
        .target(
            name: "DeedPlanner", dependencies: ["DeedSyntax", "DeedExecution", "DeedEngine", "DeedValues"],
            swiftSettings: swiftSettings),
        .target(
            name: "DeedDatabase", dependencies: ["DeedPlanner", "DeedSyntax", "DeedExecution", "DeedEngine", "DeedValues"],
            swiftSettings: swiftSettings),
        .target(
            name: "DeedCAPI", dependencies: ["DeedDatabase", "DeedEngine", "DeedValues", "CDeed"], swiftSettings: swiftSettings,
            linkerSettings: [
                // One self-contained library that shows deed_* only; tests link the usual way.
                .unsafeFlags(
                    ["-static-stdlib", "-use-ld=lld", "-Xlinker", "--version-script=Include/deedcore.map"],
                    .when(configuration: .release))
            ]),
        // The fault table's children; a program, so that they can end in the middle of anything.
        .executableTarget(
            name: "FaultRunner", dependencies: ["DeedEngine"], path: "Tests/FaultRunner", swiftSettings: swiftSettings),
        .testTarget(name: "DeedValuesTests", dependencies: ["DeedValues"], swiftSettings: swiftSettings),
        .testTarget(name: "DeedSyntaxTests", dependencies: ["DeedSyntax"], swiftSettings: swiftSettings),
        .testTarget(
            name: "DeedExecutionTests", dependencies: ["DeedExecution", "DeedEngine", "DeedValues"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DeedDatabaseTests", dependencies: ["DeedDatabase", "DeedPlanner", "DeedSyntax", "DeedEngine", "DeedValues"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DeedEngineTests", dependencies: ["DeedEngine", "DeedValues", "CRocksDB", "FaultRunner"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DeedCAPITests", dependencies: ["DeedCAPI", "DeedEngine", "CDeed"], swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)
