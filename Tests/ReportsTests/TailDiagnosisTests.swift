import Reports
import Testing

@Suite struct TailDiagnosisTests {
  /// A class of 1000 pixels with a fair share of everything, of which nothing is found unless said otherwise.
  private func facts(_ change: (inout TailDiagnosis.ClassFacts) -> Void = { _ in }) -> TailDiagnosis.ClassFacts {
    var facts = TailDiagnosis.ClassFacts(
      name: "pole", trainingShare: 0.1, trainingImages: 300, extent: 40, gradientShare: 0.1, pixels: 1000, predictedPixels: 0,
      correctPixels: 0)
    change(&facts)
    return facts
  }

  /// A class that is found, twice as large.
  private let good = TailDiagnosis.ClassFacts(name: "road", pixels: 2000, predictedPixels: 2000, correctPixels: 2000)

  /// The causes that are found for one class among ten.
  private func causes(
    _ run: TailDiagnosis.RunFacts = .init(trainingImages: 400, stride: 16), _ change: (inout TailDiagnosis.ClassFacts) -> Void = { _ in }
  ) -> [TailDiagnosis.Cause] {
    let good = (1..<10).map {
      TailDiagnosis.ClassFacts(name: "good \($0)", pixels: 1000, predictedPixels: 1000, correctPixels: 900)
    }
    let findings = TailDiagnosis([facts(change)] + good, run: run).findings
    return findings.first?.causes ?? []
  }

  @Test func classesThatAreFoundAreLeftAlone() {
    let good = facts {
      $0.predictedPixels = 1100
      $0.correctPixels = 800
    }
    let absent = facts {
      $0.pixels = 0
      $0.predictedPixels = 2
    }
    #expect(TailDiagnosis([good, absent, self.good]).isEmpty)
    #expect(TailDiagnosis([]).lines.isEmpty)
  }

  /// A class that only training has: the cause is named, and the network is not called untrained for it.
  @Test func aClassThatOnlyTrainingHasIsNamed() {
    let ground = TailDiagnosis.ClassFacts(name: "ground", pixels: 1000, predictedPixels: 850, correctPixels: 850)
    let red = TailDiagnosis.ClassFacts(name: "red", pixels: 120, predictedPixels: 120, correctPixels: 118)
    let green = facts {
      ($0.name, $0.pixels, $0.predictedPixels, $0.correctPixels) = ("green", 0, 150, 0)
    }
    let diagnosis = TailDiagnosis([ground, red, green])
    #expect(diagnosis.untrained == nil)
    #expect(diagnosis.findings.map(\.className) == ["green"])
    #expect(diagnosis.findings.first?.causes == [.absentFromEvaluation(predictedShare: 150.0 / 1120)])
    #expect(diagnosis.lines[0].contains("no evaluated pixel is labelled with it, but 13 % are taken for it"))
    #expect(diagnosis.lines[1].contains("compare the labels of the evaluated split"))
  }

  @Test func neverPredictedIsAlwaysExplained() {
    let finding = TailDiagnosis([facts(), good]).findings
    #expect(finding.map(\.className) == ["pole"])
    #expect(finding.first?.isNeverPredicted == true)
    #expect(causes() == [.undertrained])
    // Nothing but counts is known.
    let bare = TailDiagnosis.ClassFacts(name: "x", pixels: 10, predictedPixels: 0, correctPixels: 0)
    #expect(TailDiagnosis([bare, good]).findings.map(\.causes) == [[.undertrained]])
  }

  /// What a network that has learned nothing takes for what says nothing about classes.
  @Test func anUntrainedNetworkIsNotExplainedByClasses() {
    let absent = facts {
      $0.name = "train"
      $0.trainingShare = 0
    }
    var road = good
    road.correctPixels = 1999
    let diagnosis = TailDiagnosis([facts(), absent, road])
    #expect(diagnosis.untrained?.bestConstant == "road")
    #expect(diagnosis.untrained?.constantAccuracy == 0.5)
    #expect(diagnosis.untrained?.pixelAccuracy == 1999.0 / 4000)
    #expect(diagnosis.findings.map(\.className) == ["train"])
    #expect(diagnosis.lines.count == 3 && diagnosis.lines[0].hasPrefix("50 % of all pixels are right, where always answering road"))
    #expect(TailDiagnosis([facts(), absent, good]).untrained == nil)
  }

  @Test func absenceFromTrainingIsTheOnlyCause() {
    let found = causes {
      $0.trainingShare = 0
      $0.trainingImages = 0
      $0.extent = 1
      $0.gradientShare = 0
      $0.takenFor = .init("tree", 1000)
    }
    #expect(found == [.absentFromTraining])
  }

  @Test func fewImagesInNumberOrShare() {
    #expect(causes { $0.trainingImages = 9 } == [.fewImages(9, of: 400)])
    #expect(causes { $0.trainingImages = 10 } == [.undertrained])
    // Most of a small data set is not few.
    #expect(causes(.init(trainingImages: 18)) { $0.trainingImages = 9 } == [.undertrained])
    #expect(causes(.init(trainingImages: 19)) { $0.trainingImages = 9 } == [.fewImages(9, of: 19)])
    #expect(causes(.init(trainingImages: 10_000)) { $0.trainingImages = 99 } == [.fewImages(99, of: 10_000)])
    #expect(causes(.init(trainingImages: 10_000)) { $0.trainingImages = 100 } == [.undertrained])
  }

  @Test func objectsBelowTheStride() {
    #expect(causes { $0.extent = 15.9 } == [.smallerThanStride(extent: 15.9, stride: 16)])
    #expect(causes { $0.extent = 16 } == [.undertrained])
    #expect(causes(.init()) { $0.extent = 1 } == [.undertrained])
  }

  @Test func starvedOrRare() {
    let starved = TailDiagnosis.Cause.starvedGradient(pixelShare: 0.0005, gradientShare: 0.0099, equalShare: 0.1, isHomogenized: false)
    #expect(
      causes {
        $0.trainingShare = 0.0005
        $0.gradientShare = 0.0099
      } == [starved])
    #expect(starved.remedy().contains("homogenization=rootMeanSquare"))
    #expect(starved.remedy().contains("balancedSoftmax or logitAdjustment"))
    #expect(!starved.remedy(objective: "balancedSoftmax").contains("balancedSoftmax"))
    let homogenized = causes(.init(homogenizesGradients: true)) {
      $0.trainingShare = 0.01
      $0.gradientShare = 0
    }
    #expect(homogenized == [.starvedGradient(pixelShare: 0.01, gradientShare: 0, equalShare: 0.1, isHomogenized: true)])
    #expect(homogenized.first?.remedy().contains("maximumScale") == true)
    // Rare, but with a fair part in the gradient, or an unknown one.
    #expect(causes { $0.trainingShare = 0.00099 } == [.rare(pixelShare: 0.00099)])
    #expect(causes { $0.trainingShare = 0.001 } == [.undertrained])
    // A frequent class has a small gradient because it is learned, not because it is starved.
    #expect(
      causes {
        $0.trainingShare = 0.4
        $0.gradientShare = 0.001
      } == [.undertrained])
  }

  @Test func heldBackByTheObjective() {
    #expect(causes { $0.scale = 0.749 } == [.heldBack(scale: 0.749)])
    #expect(causes { $0.scale = 0.75 } == [.undertrained])
    // A class without gradient has no scale.
    #expect(causes { $0.scale = 0 } == [.undertrained])
    #expect(TailDiagnosis.Cause.heldBack(scale: 0.536).explanation.contains("by 0.54"))
  }

  @Test func ownProbabilityTellsWhetherAClassIsOnItsWay() {
    let under = causes { $0.ownProbability = 0.1 }
    #expect(under == [.ownProbability(0.1, chance: 0.1)])
    #expect(under[0].explanation == "its pixels give it a probability of 10 % on average, not above chance (10 %)")
    #expect(under[0].remedy().contains("not on its way yet"))
    let above = causes { $0.ownProbability = 0.101 }
    #expect(above[0].explanation.contains("above chance (10 %)") && above[0].remedy() == "train for more epochs: it is on its way")
    // Of a class that is found, and wrongly seen for the most part, it says nothing.
    #expect(
      causes {
        ($0.ownProbability, $0.predictedPixels, $0.correctPixels) = (0.5, 4000, 800)
      } == [.lowPrecision(precision: 0.2, recall: 0.8)])
  }

  @Test func confusionWithOneClass() {
    #expect(causes { $0.takenFor = .init("tree", 500) } == [.confused(with: "tree", share: 0.5)])
    #expect(causes { $0.takenFor = .init("tree", 499) } == [.undertrained])
  }

  @Test func foundButRarelyRight() {
    let found = causes {
      $0.predictedPixels = 4000
      $0.correctPixels = 800
    }
    #expect(found == [.lowPrecision(precision: 0.2, recall: 0.8)])
    // Missed and wrong alike is no matter of too much weight.
    let lost = causes {
      $0.predictedPixels = 1000
      $0.correctPixels = 100
    }
    #expect(lost == [.undertrained])
  }

  @Test func causesComeInTheOrderToLookAtThem() {
    let found = causes {
      $0.trainingShare = 0.0001
      $0.trainingImages = 3
      $0.extent = 4
      $0.gradientShare = 0
      $0.takenFor = .init("tree", 900)
    }
    #expect(
      found == [
        .fewImages(3, of: 400), .smallerThanStride(extent: 4, stride: 16),
        .starvedGradient(pixelShare: 0.0001, gradientShare: 0, equalShare: 0.1, isHomogenized: false), .confused(with: "tree", share: 0.9),
      ])
  }

  @Test func wordsHaveTheNumbers() {
    let diagnosis = TailDiagnosis(
      [
        facts {
          $0.trainingShare = 0.00042
          $0.gradientShare = nil
        },
        facts {
          $0.name = "sign"
          $0.trainingShare = 0.0009
          $0.trainingImages = 4
        }, good, good,
      ], run: .init())
    let remedy = "try the objective balancedSoftmax or logitAdjustment, which counts rare classes for more"
    #expect(
      diagnosis.lines == [
        "pole (never predicted): it has only 0.04 % of the training pixels",
        "sign (never predicted): only 4 training images show it; it has only 0.09 % of the training pixels",
        "To try for pole, sign: \(remedy)",
        "To try for sign: add images that show it; until then data.augmentation (flip, scale, jitter) makes more of those that do",
      ])
    #expect(TailDiagnosis.Cause.fewImages(1, of: nil).explanation == "only 1 training image shows it")
    #expect(TailDiagnosis.Cause.fewImages(1, of: 9).explanation == "only 1 of 9 training images shows it")
    #expect(
      TailDiagnosis.Cause.lowPrecision(precision: 0.2, recall: 0.8).explanation
        == "80 % of it is found, but only 20 % of what is taken for it is right")
  }
}
