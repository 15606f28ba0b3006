import Foundation

extension TailDiagnosis.Cause {
  /// The cause in words, with its numbers.
  package var explanation: String {
    switch self {
    case .absentFromTraining: return "no training image shows it"
    case .absentFromEvaluation(let share):
      return "no evaluated pixel is labelled with it, but \(percent(share)) are taken for it, so that its IoU is 0 and counts in the mean"
    case .fewImages(let images, let total):
      let all = total.map { " of \($0)" } ?? ""
      return "only \(images)\(all) training image\(images == 1 && total == nil ? "" : "s") show\(images == 1 ? "s" : "") it"
    case .smallerThanStride(let extent, let stride):
      return
        "all its pixels in an image make a square of \(number(extent)) pixels a side, below the network's stride of \(stride)"
    case .starvedGradient(let pixels, let gradient, let equal, let isHomogenized):
      let moment = isHomogenized ? " before homogenization" : ""
      let rarity = pixels.map { "it has \(percent($0)) of the training pixels and" } ?? "it has"
      return "\(rarity) \(percent(gradient)) of the squared gradient norm\(moment), where an equal share is \(percent(equal))"
    case .rare(let share): return "it has only \(percent(share)) of the training pixels"
    case .confused(let other, let share): return "\(percent(share)) of its missed pixels are taken for \(other)"
    case .lowPrecision(let precision, let recall):
      return "\(percent(recall)) of it is found, but only \(percent(precision)) of what is taken for it is right"
    case .heldBack(let scale):
      return "the objective multiplies its gradient by \(String(format: "%.2f", scale)), while it is still to be learned"
    case .ownProbability(let own, let chance):
      let place = own > chance ? "above" : "not above"
      return "its pixels give it a probability of \(percent(own)) on average, \(place) chance (\(percent(chance)))"
    case .undertrained: return "the data and the gradients look fair"
    }
  }

  /// What to try.
  /// - Parameter objective: the objective that was used, which is not proposed.
  package func remedy(objective: String? = nil) -> String {
    let others = ["balancedSoftmax", "logitAdjustment"].filter { $0 != objective }.joined(separator: " or ")
    switch self {
    case .absentFromTraining:
      return "add images that show it, move some here from the evaluated split, or leave the class out of the label map"
    case .absentFromEvaluation:
      return "compare the labels of the evaluated split with those of training: if it can be seen there, its labels are missing"
    case .fewImages:
      return "add images that show it; until then data.augmentation (flip, scale, jitter) makes more of those that do"
    case .smallerThanStride: return "use a larger data.size, or data.augmentation.crop from larger images"
    case .starvedGradient(_, _, _, false):
      return "try objective.settings.homogenization=rootMeanSquare (the objective pat has it), or the objective \(others)"
    case .starvedGradient(_, _, _, true):
      return "its gradient is homogenized already: try a larger objective.settings.maximumScale, or the objective \(others)"
    case .rare: return "try the objective \(others), which counts rare classes for more"
    case .confused:
      return "compare the labels of the two classes; if they are right, try a larger data.size, or merge the two"
    case .lowPrecision:
      return "rare classes may count for too much: try a smaller objective.settings.maximumScale or exponent, or a milder objective"
    case .heldBack:
      return
        "train for more epochs, or try homogenization=maskSize in the place of norms, which grow smaller for classes that are learned"
    case .ownProbability(let own, let chance):
      return own > chance
        ? "train for more epochs: it is on its way"
        : "it is not on its way yet: show it more often (data.sampler, data.augmentation.classCrop), or let it count for more"
    case .undertrained: return "train for more epochs, or with another learning rate, and look at the pictures"
    }
  }

  private func percent(_ share: Double) -> String { TailDiagnosis.percent(share) }

  private func number(_ value: Double) -> String { String(format: "%.1f", value) }
}

extension TailDiagnosis {
  /// What to try, each with the classes that it is for, in the order of the classes.
  package var remedies: [(remedy: String, classNames: [String])] {
    var result: [(remedy: String, classNames: [String])] = []
    for finding in findings {
      for remedy in finding.causes.map({ $0.remedy(objective: run.objective) }) {
        if let place = result.firstIndex(where: { $0.remedy == remedy }) {
          result[place].classNames.append(finding.className)
        } else {
          result.append((remedy, [finding.className]))
        }
      }
    }
    return result
  }

  /// What is said of the whole network; nil where nothing has to be.
  package var remark: String? {
    untrained.map {
      "\(TailDiagnosis.percent($0.pixelAccuracy)) of all pixels are right, where always answering \($0.bestConstant) would find "
        + "\(TailDiagnosis.percent($0.constantAccuracy)): the network has hardly learned yet. Train for more epochs, or with another learning "
        + "rate; after that it makes sense to look at single classes."
    }
  }

  /// Lines of text: what is said of the whole, the causes of each class, and what to try. Empty where nothing was found.
  package var lines: [String] {
    (remark.map { [$0] } ?? [])
      + findings.map { "\($0.title): " + $0.causes.map(\.explanation).joined(separator: "; ") }
      + remedies.map { "To try for \($0.classNames.joined(separator: ", ")): \($0.remedy)" }
  }

  fileprivate static func percent(_ share: Double) -> String {
    let value = share * 100
    let places = value >= 10 ? 0 : value >= 1 ? 1 : value >= 0.01 || value == 0 ? 2 : 4
    return String(format: "%.\(places)f %%", value)
  }
}

extension TailDiagnosis.Finding {
  /// The class, with the worst that can be said of it.
  package var title: String { className + (isNeverPredicted ? " (never predicted)" : "") }
}
