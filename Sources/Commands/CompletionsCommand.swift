import ArgumentParser

/// `longtail completions`: scripts that complete commands and options in a shell.
struct CompletionsCommand: ParsableCommand {
  /// Shells that scripts can be made for.
  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash
    case zsh
    case fish

    var completionShell: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Prints a script that completes commands, options and files in bash, zsh or fish.",
    discussion: """
      bash: longtail completions bash > ~/.local/share/bash-completion/completions/longtail
      zsh:  longtail completions zsh > DIRECTORY/_longtail, where DIRECTORY is in $fpath
      fish: longtail completions fish > ~/.config/fish/completions/longtail.fish
      """)

  @Argument(help: "The shell: bash, zsh or fish.")
  var shell: Shell

  func run() throws { printNow(LongtailCommand.completionScript(for: shell.completionShell) + "\n") }
}
