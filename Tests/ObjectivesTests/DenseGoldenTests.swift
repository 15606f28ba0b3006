import Foundation
import Testing

@testable import Objectives

@Suite(.enabled(if: DenseGolden.isThere, "the folder shared with golden values is not there")) struct DenseGoldenTests {
  @Test func normalizedClassifiers() throws {
    let golden = try DenseGolden("normalized_classifiers")
    let labels = try golden.labels("inputs/labels")
    for (kind, name) in [(NormalizedClassifier.Kind.weightNormalized, "weight_normalized"), (.cosine, "cosine"), (.squashed, "squashed")] {
      let classifier = NormalizedClassifier(kind, scale: Float(try golden.number("outputs/\(name)/scale")))
      let forward = classifier.forward(try golden.rows("inputs/features"), weights: try golden.rows("inputs/weights"))
      let gradients = classifier.backward(forward.logits.crossEntropyGradient(labels, divisor: 2), forward)
      #expect(try agree(forward.logits, golden.rows("outputs/\(name)/logits")), "\(name)")
      #expect(try agree([forward.logits.crossEntropies(labels).reduce(0, +) / 2], [golden.number("outputs/\(name)/loss")], 1e-4))
      #expect(try agree(gradients.features, golden.rows("outputs/\(name)/grad_features"), 1e-4), "\(name)")
      #expect(try agree(gradients.weights, golden.rows("outputs/\(name)/grad_weights"), 1e-4), "\(name)")
      #expect(try agree([Double(gradients.scale)], [golden.number("outputs/\(name)/grad_scale")], 1e-4), "\(name)")
    }
  }

  @Test func tauNormalizationScalesAndMaxNorm() throws {
    let tau = try DenseGolden("tau_norm")
    let (features, weights) = (try tau.rows("inputs/features"), try tau.rows("inputs/weights"))
    #expect(try agree(weights.norms.map(Double.init), tau.numbers("outputs/row_norms")))
    for power in ["0", "0.5", "1", "2"] {
      let logits = features.products(with: HeadChanges.tauNormalized(weights, tau: Float(power) ?? 0))
      #expect(try agree(logits, tau.rows("outputs/logits/\(power)")))
    }
    let scaling = try DenseGolden("learnable_weight_scaling")
    var raw = try scaling.rows("inputs/features").products(with: scaling.rows("inputs/weights"))
    let bias = try scaling.numbers("inputs/bias")
    for row in 0..<raw.count { for k in 0..<raw.width { raw[row, k] += Float(bias[k]) } }
    let logits = HeadChanges.scaled(raw, by: try scaling.numbers("inputs/scales").map { Float($0) })
    #expect(try agree(logits, scaling.rows("outputs/logits")))
    let gradient = logits.crossEntropyGradient(try scaling.labels("inputs/labels"), divisor: Float(raw.count))
    let found = HeadChanges.scaleGradient(gradient, logits: raw)
    #expect(try agree(found.map(Double.init), scaling.numbers("outputs/grad_scales")))

    let balancing = try DenseGolden("max_norm_projection")
    let own = try balancing.rows("inputs/weights")
    let radius = HeadChanges.maximumNorm(own, share: Float(try balancing.number("inputs/threshold_share")))
    #expect(try agree([Double(radius)], [balancing.number("outputs/radius_fixed_at_stage_start")]))
    #expect(try agree(HeadChanges.projected(own, radius: radius), balancing.rows("outputs/projected")))
  }

  @Test func nearestClassMeans() throws {
    let golden = try DenseGolden("nearest_class_mean")
    let train = try golden.rows("inputs/train_features")
    let labels = try golden.labels("inputs/train_labels")
    var raw = NearestClassMean.Sums(classCount: 3, width: 2)
    raw.add(train, labels: labels)
    #expect(try agree(raw.mean.map(Double.init), golden.numbers("outputs/global_mean_over_images")))
    for (form, name) in [(NearestClassMean.Form.raw, "raw"), (.unit, "unit"), (.centredUnit, "centred_unit")] {
      // Two ranks: the first three features, and the others.
      var sums = NearestClassMean.Sums(classCount: 3, width: 2)
      for part in [Array(0..<3), Array(3..<train.count)] {
        var own = NearestClassMean.Sums(classCount: 3, width: 2)
        let prepared = NearestClassMean.prepared(train.selecting(part), form: form, centre: raw.mean)
        own.add(prepared, labels: part.map { labels[$0] })
        sums.merge(own)
      }
      let classifier = NearestClassMean(sums, form: form, centre: raw.mean)
      let queries = try golden.rows("inputs/queries")
      #expect(try agree(classifier.means, golden.rows("outputs/\(name)/class_means")), "\(name)")
      #expect(try agree(classifier.squaredDistances(queries), golden.rows("outputs/\(name)/squared_distances")), "\(name)")
      #expect(try classifier.predictions(queries) == golden.labels("outputs/\(name)/prediction"), "\(name)")
    }
  }

  @Test func distillation() throws {
    let soft = try DenseGolden("ssd_distillation")
    let found = try Distillation.logits(
      student: soft.rows("inputs/student_logits"), teacher: try soft.rows("inputs/teacher_logits"),
      temperature: Float(try soft.number("inputs/temperature")), divisor: 2)
    #expect(try agree([found.rows.reduce(0, +) / 2], [soft.number("outputs/loss")]))
    #expect(try agree(found.gradient, soft.rows("outputs/grad_student")))

    let golden = try DenseGolden("class_balanced_distillation")
    let target = try Distillation.target(teachers: [golden.rows("inputs/teacher_1_features"), golden.rows("inputs/teacher_2_features")])
    #expect(try agree(target, golden.rows("outputs/target")))
    let student = try golden.rows("outputs/student_feature")
    let weight = Float(try golden.number("inputs/alpha") * golden.number("inputs/beta"))
    let drawn = try Distillation.features(student: student, target: target, divisor: 2 / weight)
    #expect(try agree(drawn.rows, golden.numbers("outputs/feature_term_rows")))
    #expect(try agree(drawn.gradient, golden.rows("outputs/grad_student_feature_from_distillation")))
    // The cross-entropy of the cosine head beside it gives the rest of the gradient.
    let classifier = NormalizedClassifier(.cosine, scale: Float(try golden.number("inputs/scale")))
    let forward = classifier.forward(student, weights: try golden.rows("inputs/classifier_rows"))
    #expect(try agree(forward.logits, golden.rows("outputs/logits")))
    let share = Float(1 - (try golden.number("inputs/alpha")))
    let gradients = classifier.backward(
      forward.logits.crossEntropyGradient(try golden.labels("inputs/labels"), divisor: 2 / share), forward)
    #expect(try agree(gradients.weights, golden.rows("outputs/grad_classifier")))
    var sum = gradients.features
    for index in sum.values.indices { sum.values[index] += drawn.gradient.values[index] }
    #expect(try agree(sum, golden.rows("outputs/grad_student_feature")))
  }

  @Test func contrastWithAQueue() throws {
    let golden = try DenseGolden("ssd_contrastive")
    let queue = KeyQueue(
      keys: try golden.rows("inputs/queue_rows"), labels: try golden.labels("inputs/queue_labels"),
      pointer: Int(try golden.number("inputs/pointer")))
    let (queries, own) = (try golden.rows("inputs/query_before_normalization"), try golden.rows("inputs/positive_keys"))
    let labels = try golden.labels("inputs/labels")
    let temperature = Float(try golden.number("inputs/temperature"))
    let found = queue.contrast(queries, own: own, labels: labels, temperature: temperature, divisor: 2)
    #expect(try agree(found.rows, golden.numbers("outputs/row_losses")))
    #expect(try agree(found.atUnits, golden.rows("outputs/grad_query")))
    #expect(try agree(found.atQueries, golden.rows("outputs/grad_before_normalization")))
    let all = queue.contrast(queries, own: own, labels: labels, temperature: temperature, removesOwnClass: false, divisor: 2)
    #expect(try agree(all.rows, golden.numbers("outputs/without_removal_row_losses")))
    var next = queue
    next.enqueue(own, labels: labels)
    #expect(try agree(next.keys, golden.rows("outputs/queue_after")) && next.labels == golden.labels("outputs/queue_labels_after"))
    #expect(try next.pointer == Int(golden.number("outputs/pointer_after")))
  }

  @Test func metaSampler() throws {
    let golden = try DenseGolden("meta_sampler")
    let labels = try golden.labels("inputs/labels")
    let counts = [5.0, 3, 1]
    var sampler = MetaSampler(theta: try golden.numbers("inputs/theta"))
    #expect(try agree(sampler.rates, golden.numbers("outputs/psi"), 1e-9))
    #expect(try agree(sampler.classProbabilities(counts: counts), golden.numbers("outputs/class_probability"), 1e-9))
    let start = MetaSampler(counts: counts, rho: 0.5)
    #expect(try agree(start.rates, golden.numbers("outputs/init_psi_rho_0.5"), 1e-9))
    #expect(try agree(start.theta, golden.numbers("outputs/init_theta_rho_0.5"), 1e-9))
    let uniforms = try golden.rows("inputs/uniforms")
    let draws = (0..<4).map { slot in sampler.draw(labels: labels) { Double(uniforms[slot, $0]) } }
    #expect(try draws.map(\.index) == golden.integers("outputs/drawn_indices"))

    func withOne(_ rows: DenseRows) -> DenseRows {
      DenseRows(count: rows.count, width: rows.width + 1, values: (0..<rows.count).flatMap { Array(rows[$0]) + [1] })
    }
    let features = withOne(try golden.rows("inputs/features").selecting(draws.map(\.index)))
    let head = try golden.rows("inputs/head_rows_w_then_bias")
    var errors = features.products(with: head)
    for row in 0..<4 { for k in 0..<3 { errors[row, k] += Float(log(counts[k])) } }
    errors = errors.crossEntropyGradient(draws.map(\.label), divisor: 1)
    let meta = withOne(try golden.rows("inputs/meta_features"))
    let metaLabels = try golden.labels("inputs/meta_labels")
    for form in ["plain", "momentum_and_decay"] {
      let newHead = try golden.rows("outputs/\(form)/surrogate_head")
      let atHead = meta.products(with: newHead).crossEntropyGradient(metaLabels, divisor: Float(meta.count)).collecting(meta)
      #expect(try agree(atHead, golden.rows("outputs/\(form)/M")), "\(form)")
      let a = MetaSampler.slotGradients(
        errors: errors, features: features, metaGradient: atHead, rate: try golden.number("inputs/inner_rate"), batch: 4)
      #expect(try agree(a, golden.numbers("outputs/\(form)/a")), "\(form)")
      #expect(try agree(draws.map(\.share), golden.numbers("outputs/\(form)/soft_of_drawn")))
      #expect(try agree(draws.flatMap(\.classShares), golden.rows("outputs/\(form)/S").values.map(Double.init)))
      let gradient = sampler.gradient(draws: draws, slotGradients: a)
      #expect(try agree(gradient, golden.numbers("outputs/\(form)/dtheta")), "\(form)")
      // Two ranks of two slots each.
      let parts = [0..<2, 2..<4].map { sampler.gradient(draws: Array(draws[$0]), slotGradients: Array(a[$0])) }
      #expect(agree(zip(parts[0], parts[1]).map { $0 + $1 }, gradient, 1e-12))
      if form == "momentum_and_decay" {
        sampler.step(gradient: gradient, rate: try golden.number("inputs/adam_rate"))
        #expect(try agree(sampler.theta, golden.numbers("outputs/\(form)/theta_after_adam_step_1"), 1e-6))
      }
    }
  }

  @Test func breadcrumb() throws {
    let golden = try DenseGolden("breadcrumb")
    var queue = FeatureQueue(counts: try golden.integers("inputs/counts"), batch: Int(try golden.number("inputs/batch")))
    #expect(try queue.batches == Int(golden.number("outputs/batches_per_epoch")))
    #expect(try queue.rowsPerClass == Int(golden.number("outputs/rows_per_class")))
    #expect(try queue.depths == golden.integers("outputs/queue_depth_epochs"))
    let epochs = try golden.nested("inputs/features_by_epoch_and_class")
    for (epoch, features) in epochs.enumerated() {
      #expect(!queue.isReady && queue.balanced() == nil && (queue.balanced(startup: .shorter) == nil) == (epoch == 0))
      queue.store(features)
    }
    #expect(try queue.isReady && epochs.count == Int(golden.number("outputs/first_epoch_with_queue_features")))
    let means = try #require(queue.means)
    #expect(try agree(means, golden.rows("outputs/newest_means")))
    let expected = try golden.tables("outputs/balanced_features_in_class_order")
    let found = try #require(queue.balanced())
    #expect(agree(found.values.map(Double.init), expected.flatMap { $0.values.map(Double.init) }))
    let kept = queue.residuals.joined().reduce(0) { $0 + $1.count }
    #expect(try kept == Int(golden.number("outputs/state_rows_kept")))
  }

  @Test func labelAwareSmoothing() throws {
    let golden = try DenseGolden("label_aware_smoothing")
    let shares = LabelAwareSmoothing.shares(
      counts: try golden.numbers("inputs/counts"), head: try golden.number("inputs/head"), tail: try golden.number("inputs/tail"))
    #expect(try agree(shares, golden.numbers("outputs/smoothing_by_class"), 1e-9))
    let found = LabelAwareSmoothing.loss(
      try golden.rows("inputs/logits"), labels: try golden.labels("inputs/labels"), shares: shares, divisor: 2)
    #expect(try agree([found.rows.reduce(0, +) / 2], [golden.number("outputs/loss")]))
    #expect(try agree(found.gradient, golden.rows("outputs/grad")))
  }

  @Test func calibratedActivation() throws {
    let golden = try DenseGolden("camc_style")
    var calibration = CalibratedActivation()
    calibration.scale = Float(try golden.number("inputs/scale"))
    calibration.temperature = Float(try golden.number("inputs/temperature"))
    calibration.gain = Float(try golden.number("inputs/gain"))
    calibration.classesUsed = Int(try golden.number("inputs/classes_used"))
    let maps = try golden.tables("inputs/feature_map_batch_position_channel")
    let labels = try golden.labels("inputs/labels")
    let weights = try golden.rows("inputs/classifier_rows")
    let forward = calibration.forward(maps, weights: weights)
    #expect(try agree(forward.firstLogits, golden.rows("outputs/first_pass_logits")))
    #expect(try agree(forward.map, golden.rows("outputs/map")))
    #expect(try agree(forward.features, golden.rows("outputs/calibrated_feature")))
    #expect(try agree(forward.logits, golden.rows("outputs/logits")))
    let gradients = calibration.backward(forward.logits.crossEntropyGradient(labels, divisor: 2), forward)
    #expect(try agree(gradients.weights, golden.rows("outputs/grad_classifier"), 1e-4))
    for (found, expected) in zip(gradients.maps, try golden.tables("outputs/grad_feature_map")) { #expect(agree(found, expected, 1e-4)) }
    calibration.gain = 0
    let plain = calibration.forward(maps, weights: weights)
    #expect(agree(plain.logits, plain.firstLogits))
  }
}
