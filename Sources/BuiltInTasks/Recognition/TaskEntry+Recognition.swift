import Recognition
import Training

extension TaskEntry {
  /// A class for every image.
  static let recognition = TaskEntry(
    name: RecognitionTask.name, summary: "a class for every image", scoreKinds: RecognitionTask.scoreKinds,
    datasets: { RecognitionDatasets.description }, check: { try RecognitionTask.check($0) }, make: { try RecognitionTask.open($0) },
    recorded: { RecognitionTask.recorded($0, classes: $1) })
}
