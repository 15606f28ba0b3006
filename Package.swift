// swift-tools-version: 6.2
import PackageDescription

// oneDNN is unpacked by Launch/bootstrap into `.deps/onednn`; a system copy may be linked there instead.
let oneDNN = Context.packageDirectory + "/.deps/onednn"

#if arch(x86_64)
  // Every loop of ours is compiled for AVX2 and FMA (x86-64-v3, processors since 2013); `longtail doctor` checks for it.
  let instructionSet = ["-Xcc", "-march=x86-64-v3"]
  let instructionSetC = ["-march=x86-64-v3"]
#else
  let instructionSet: [String] = []
  let instructionSetC: [String] = []
#endif

/// Open MPI's headers, where distributions put them. The library itself is opened at run time, by name.
let openMPIHeaders =
  (Context.environment["MPI_HOME"].map { ["\($0)/include"] } ?? [])
  + [
    "/usr/lib/x86_64-linux-gnu/openmpi/include", "/usr/lib/aarch64-linux-gnu/openmpi/include", "/usr/include/openmpi-x86_64",
    "/usr/include/openmpi-aarch64",
  ]

/// Warnings are errors everywhere.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// Rooms that do their work once in a command stay unoptimized in release builds: optimizing would take most of the time to compile them, and
/// `report` and `compare` take as long either way.
let cold: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// Rooms with hot loops are optimized in debug builds too, so that tests stay fast.
/// Without `errno`, square roots become vector instructions; with it, each may call the C library.
let hot: [SwiftSetting] = strict + [.unsafeFlags(["-O", "-Xcc", "-fno-math-errno"] + instructionSet)]

/// Tests are written in Swift 5: in Swift 6, closures that wait for other threads would have to be sent to them.
let tests: [SwiftSetting] = strict + [.swiftLanguageMode(.v5)]
let hotTests: [SwiftSetting] = hot + [.swiftLanguageMode(.v5)]

let hotC: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Werror"] + instructionSetC)]

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "longtail",
  products: [
    .executable(name: "longtail", targets: ["Program"]),
    // For packages that build upon it.
    .library(name: "Longtail", targets: ["Longtail"]),
    // For tests, which put it in front of the C library of the programs that they start.
    .library(name: "Faults", type: .dynamic, targets: ["CFaults"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // Floor 0: C libraries and shims.
    .target(name: "CThreads", cSettings: hotC, linkerSettings: [.linkedLibrary("gomp")]),
    .target(name: "CSignals"),
    .target(
      name: "COneDNN",
      linkerSettings: [
        .unsafeFlags(["-L\(oneDNN)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(oneDNN)/lib"]),
        .linkedLibrary("dnnl"),
      ]),
    .target(
      name: "CMPI", cSettings: hotC + [.unsafeFlags(openMPIHeaders.map { "-I" + $0 })], linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CAllocations", cSettings: hotC),
    .target(name: "CWatchdog", cSettings: hotC, linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CMatFiles", cSettings: hotC, linkerSettings: [.linkedLibrary("dl")]),
    .systemLibrary(name: "CImageFormats"),
    .systemLibrary(name: "CDigests"),
    .systemLibrary(name: "CCompression"),

    // Floor 1.
    .target(name: "Threading", dependencies: ["CThreads"], swiftSettings: hot),
    .target(name: "Tensors", dependencies: ["CDigests"], swiftSettings: hot),
    .target(name: "Settings", dependencies: ["Tensors"], swiftSettings: cold),
    .target(name: "Images", dependencies: ["CImageFormats", "Tensors"], swiftSettings: hot),
    .target(name: "Collectives", dependencies: ["CMPI", "CWatchdog", "Tensors", "Threading"], swiftSettings: hot),

    // Floor 2.
    .target(name: "Kernels", dependencies: ["COneDNN", "Tensors", "Threading"], swiftSettings: hot),

    // Floor 3.
    .target(name: "Networks", dependencies: ["Kernels", "Tensors", "Threading"], swiftSettings: hot),
    .target(name: "Objectives", dependencies: ["Settings", "Tensors", "Threading"], swiftSettings: hot),
    .target(name: "Datasets", dependencies: ["CMatFiles", "Images", "Settings", "Tensors"], swiftSettings: hot),
    .target(name: "Checkpoints", dependencies: ["Tensors"], swiftSettings: hot),

    // Floor 4: what tasks share.
    .target(name: "Tasks", dependencies: ["Datasets", "Images", "Networks", "Tensors"], swiftSettings: strict),

    // Floor 5.
    .target(name: "Models", dependencies: ["Networks", "Settings"], swiftSettings: strict),
    .target(name: "Exchange", dependencies: ["Kernels", "Networks", "Tensors"], swiftSettings: hot),
    .target(name: "Optimizers", dependencies: ["Settings", "Tensors", "Threading"], swiftSettings: hot),
    .target(name: "Configuration", dependencies: ["Settings", "Tensors", yams], swiftSettings: cold),
    .target(
      name: "Detection",
      dependencies: [
        "Datasets", "Images", "Kernels", "Models", "Networks", "Objectives", "Settings", "Tasks", "Tensors", "Threading", yams,
      ], swiftSettings: hot),
    .target(
      name: "Recognition",
      dependencies: ["CCompression", "Configuration", "Datasets", "Images", "Networks", "Settings", "Tasks", "Tensors"],
      swiftSettings: hot),
    .target(
      name: "Segmentation",
      dependencies: ["Configuration", "Datasets", "Images", "Networks", "Objectives", "Tasks", "Tensors", "Threading"], swiftSettings: hot),

    // Floor 6 and above.
    .target(
      name: "Training",
      dependencies: [
        "CSignals", "Checkpoints", "Collectives", "Configuration", "Datasets", "Kernels", "Models", "Networks", "Objectives",
        "Optimizers", "Settings", "Tasks", "Tensors", "Threading",
      ], swiftSettings: hot),
    // The tasks of the house as training runs them: their entries, and the method, epilogues and benchmark of detection.
    .target(
      name: "BuiltInTasks",
      dependencies: [
        "Collectives", "Configuration", "Datasets", "Detection", "Exchange", "Images", "Kernels", "Models", "Networks", "Objectives",
        "Optimizers", "Recognition", "Segmentation", "Settings", "Tasks", "Tensors", "Training",
      ], swiftSettings: hot),
    .target(
      name: "Reports",
      dependencies: ["Checkpoints", "Configuration", "Datasets", "Exchange", "Images", "Tasks", "Tensors"], swiftSettings: cold),
    .target(
      name: "Runs",
      dependencies: ["Checkpoints", "Datasets", "Images", "Models", "Networks", "Reports", "Tasks", "Tensors", "Training"],
      swiftSettings: cold),
    .target(
      name: "Commands",
      dependencies: [
        "BuiltInTasks", "CAllocations", "Detection", "Exchange", "Recognition", "Reports", "Runs", "Segmentation", "Settings", "Tasks",
        "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: cold),
    .target(
      name: "Longtail",
      dependencies: [
        "Collectives", "Commands", "Configuration", "Datasets", "Detection", "Exchange", "Images", "Models", "Networks", "Objectives",
        "Optimizers", "Recognition", "Segmentation", "Settings", "Tasks", "Tensors", "Training",
      ], swiftSettings: cold),
    // The product `longtail`: three lines, as the program of anybody else.
    .executableTarget(name: "Program", dependencies: ["Longtail"], packageAccess: false, swiftSettings: strict),

    // Tests, one target a room.
    .target(
      name: "CFaults", path: "Tests/Faults", cSettings: [.unsafeFlags(["-Wall", "-Werror"])], linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "TestSupport", dependencies: ["CImageFormats", "CMatFiles", "Images", "Tensors", "Threading"], path: "Tests/Support",
      swiftSettings: tests),
    .testTarget(name: "ThreadingTests", dependencies: ["Threading", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"], exclude: ["Oracle"], swiftSettings: tests),
    .testTarget(name: "SettingsTests", dependencies: ["Settings", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "ImagesTests", dependencies: ["CImageFormats", "Images", "Tensors", "TestSupport"], exclude: ["Oracle"], swiftSettings: tests),
    .executableTarget(
      name: "CollectivesProbe", dependencies: ["Collectives", "Tensors", "Threading"], path: "Tests/Probes/Collectives",
      swiftSettings: hotTests),
    .testTarget(
      name: "CollectivesTests", dependencies: ["Collectives", "CollectivesProbe", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Tensors", "Threading", "TestSupport"], swiftSettings: hotTests),
    .testTarget(
      name: "NetworksTests", dependencies: ["Networks", "Models", "Kernels", "Threading", "TestSupport"], exclude: ["Oracle"],
      swiftSettings: hotTests),
    .testTarget(
      name: "ExchangeTests",
      dependencies: [
        "Exchange", "Images", "Kernels", "Models", "Networks", "Objectives", "Tensors", "Threading", "TestSupport",
      ],
      exclude: ["Oracle"], swiftSettings: tests),
    .testTarget(
      name: "ObjectivesTests", dependencies: ["Objectives", "Settings", "Tensors", "Threading", "TestSupport"], exclude: ["Oracle"],
      swiftSettings: hotTests),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Images", "Settings", "Tensors", "TestSupport"], exclude: ["Oracle"],
      swiftSettings: tests),
    .testTarget(
      name: "DetectionTests",
      dependencies: [
        "Datasets", "Detection", "Images", "Kernels", "Models", "Networks", "Objectives", "Tasks", "Tensors", "TestSupport", "Threading",
      ],
      exclude: ["Oracle"], swiftSettings: tests),
    .testTarget(name: "TasksTests", dependencies: ["Tasks", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "SegmentationTests",
      dependencies: ["Configuration", "Images", "Objectives", "Segmentation", "Tasks", "Tensors", "TestSupport", "Threading"],
      exclude: ["Oracle"], swiftSettings: tests),
    .testTarget(
      name: "RecognitionTests",
      dependencies: ["Configuration", "Datasets", "Images", "Networks", "Recognition", "Settings", "Tasks", "Tensors", "TestSupport"],
      exclude: ["Oracle"], swiftSettings: hotTests),
    .executableTarget(
      name: "CheckpointProbe", dependencies: ["Checkpoints", "Tensors"], path: "Tests/Probes/Checkpoint", swiftSettings: tests),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "CheckpointProbe", "TestSupport"], exclude: ["Formats"], swiftSettings: tests
    ),
    .testTarget(
      name: "OptimizersTests", dependencies: ["Optimizers", "Settings", "TestSupport"], exclude: ["Oracle"], swiftSettings: tests),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Settings", "Tensors", "TestSupport"], swiftSettings: tests),
    .executableTarget(
      name: "EnduranceProbe", dependencies: ["BuiltInTasks", "CAllocations", "Reports", "Runs", "Training"], path: "Tests/Probes/Endurance",
      swiftSettings: tests),
    .executableTarget(
      name: "ToyProbe",
      dependencies: [
        "Checkpoints", "Collectives", "Configuration", "Datasets", "Images", "Models", "Networks", "Objectives", "Reports", "Runs",
        "Settings", "Tasks", "Tensors", "Threading", "Training",
      ], path: "Tests/Probes/Toy", swiftSettings: tests),
    .executableTarget(
      name: "TrainingProbe", dependencies: ["BuiltInTasks", "Training"], path: "Tests/Probes/Training", swiftSettings: tests),
    .target(
      name: "MethodCases",
      dependencies: ["Collectives", "Configuration", "Datasets", "Images", "Networks", "Objectives", "Tensors", "Training"],
      path: "Tests/Methods", swiftSettings: tests),
    .executableTarget(
      name: "MethodProbe",
      dependencies: [
        "Checkpoints", "Collectives", "Configuration", "Datasets", "Images", "MethodCases", "Networks", "Objectives", "Optimizers",
        "Tensors", "Threading", "Training",
      ], path: "Tests/Probes/Method", swiftSettings: tests),
    .executableTarget(
      name: "DetectorProbe",
      dependencies: [
        "BuiltInTasks", "Checkpoints", "Collectives", "Configuration", "Datasets", "Networks", "Objectives", "Tasks", "Tensors",
        "Threading", "Training",
      ], path: "Tests/Probes/Detector", swiftSettings: tests),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "BuiltInTasks", "Checkpoints", "Collectives", "Configuration", "Datasets", "Images", "MethodCases", "MethodProbe", "Models",
        "Networks", "Objectives", "Optimizers", "Segmentation", "Settings", "Tasks", "Tensors", "TestSupport", "Threading", "Training",
        "TrainingProbe",
      ], exclude: ["Methods/Oracle"], swiftSettings: tests),
    .testTarget(
      name: "BuiltInTasksTests",
      dependencies: [
        "BuiltInTasks", "Configuration", "Datasets", "Detection", "DetectorProbe", "Exchange", "Images", "Models", "Networks", "Objectives",
        "Optimizers", "Recognition", "Settings", "Tasks", "Tensors", "TestSupport", "Threading", "Training",
      ], exclude: ["Oracle"], swiftSettings: tests),
    .executableTarget(
      name: "ControlProbe", dependencies: ["BuiltInTasks", "Training"], path: "Tests/Probes/Control", swiftSettings: tests),
    .testTarget(
      name: "ReportsTests", dependencies: ["Images", "Reports", "Segmentation", "Tasks", "Tensors", "TestSupport", "ToyProbe", "Training"],
      swiftSettings: tests),
    .testTarget(name: "RunsTests", dependencies: ["Runs", "Tasks", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "BuiltInTasks", "Checkpoints", "Collectives", "ControlProbe", "EnduranceProbe", "Images", "Reports", "Runs", "Settings", "Tensors",
        "TestSupport",
        "Training", "Program",
      ], exclude: ["Help"], swiftSettings: tests),
    // A program that builds upon Longtail from outside: only what is public is there for it.
    .executableTarget(
      name: "Client", dependencies: ["Longtail"], path: "Tests/Client", packageAccess: false, swiftSettings: tests),
    .testTarget(name: "ClientTests", dependencies: ["Client", "Longtail", "TestSupport"], packageAccess: false, swiftSettings: tests),
  ]
)
