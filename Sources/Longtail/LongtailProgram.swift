import Commands
import Settings

/// The program `longtail`, for packages that build upon it: every command, with what they have registered beside what is there.
///
/// The whole of a program that trains with a loss of its own, in `main.swift`:
///
/// ```swift
/// import Longtail
///
/// LongtailProgram.main { try ObjectiveRegistry.register(SquaredMargin.entry) }
/// ```
///
/// It has all commands of `longtail`, in one process and under `mpirun`; `describe`, the checks of configurations and nearest names in errors
/// know what was registered. Every rank has to register the same.
public enum LongtailProgram {
  /// Registers things, then runs the command that the command line names, and ends the process with its exit code.
  /// - Parameter register: calls `register` of registries: `ObjectiveRegistry`, data sets, models, samplers and others. After it,
  ///   nothing can be registered any more. What it throws ends the program as an error of a command does: with its message and its exit code,
  ///   64 for a name that is taken.
  public static func main(_ register: () throws -> Void = {}) -> Never {
    LongtailCommand.end {
      try register()
      RegistrationPeriod.program.close()
    }
  }
}
