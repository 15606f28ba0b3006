import Tasks

/// The scores of detection, and their names.
///
/// `ap`, `ap50`, `ap75` of all classes, of each group (`ap.tail`, or `ap.rare` where the data set says which classes are rare) and of each
/// class (`ap.NAME`); `apFixed`, without a limit an image, of all classes and groups; `apSmall`, `apMedium`, `apLarge`; `ar` of all and of
/// each class.
enum DetectionScoreKinds {
  /// Average precision, the mean over overlaps of 0.5 to 0.95.
  static let averagePrecision = ScoreKind("ap", title: "AP", scopes: [.whole, .groups, .classes], rank: .main, meanOf: "ap")
  /// The same at an overlap of 0.5.
  static let at50 = ScoreKind("ap50", title: "AP50", scopes: [.whole, .groups, .classes], meanOf: "ap50")
  /// The same at an overlap of 0.75.
  static let at75 = ScoreKind("ap75", title: "AP75", scopes: [.whole, .groups, .classes], meanOf: "ap75")
  /// Average precision where classes do not compete for places: 10,000 detections of each over all images.
  static let fixed = ScoreKind("apFixed", title: "fixed AP", scopes: [.whole, .groups], rank: .unlisted)
  /// Of objects up to 32 x 32 pixels.
  static let small = ScoreKind("apSmall", title: "AP of small objects", scopes: [.whole], rank: .unlisted)
  /// Of objects up to 96 x 96 pixels.
  static let medium = ScoreKind("apMedium", title: "AP of medium objects", scopes: [.whole], rank: .unlisted)
  /// Of larger objects.
  static let large = ScoreKind("apLarge", title: "AP of large objects", scopes: [.whole], rank: .unlisted)
  /// Recall, the mean over overlaps of 0.5 to 0.95.
  static let recall = ScoreKind("ar", title: "AR", scopes: [.whole, .classes], meanOf: "ar")

  /// All of them, in the order in which they are shown.
  static let kinds = [averagePrecision, at50, at75, fixed, small, medium, large, recall]
}
