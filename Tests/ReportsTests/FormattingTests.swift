import Reports
import Testing

@Suite struct FormattingTests {
  @Test(arguments: [
    (0.0, "0.00 s"), (-3.0, "0.00 s"), (0.4249, "0.42 s"), (9.994, "9.99 s"), (9.996, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
    (725.0, "12 min 05 s"), (3599.7, "1 h 00 min"), (11_040.0, "3 h 04 min"), (86_399.9, "1 d 00 h"), (183_600.0, "2 d 03 h"),
    (.infinity, "unknown"), (.nan, "unknown"),
  ])
  func durations(seconds: Double, text: String) {
    #expect(Formatting.duration(seconds) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (512, "512 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1536, "1.50 KiB"), (12 << 20, "12.0 MiB"),
    (1_048_575, "1.00 MiB"), (123 << 30, "123 GiB"), (Int.max, "8.00 EiB"),
  ])
  func bytes(count: Int, text: String) {
    #expect(Formatting.bytes(count) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func counts(number: Int, text: String) {
    #expect(Formatting.count(number) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (0.42134, "0.4213"), (52.1, "52.10"), (9.99996, "10.00"), (0.99999, "1.000"), (1234.5678, "1235"), (99_999.0, "99999"),
    (-0.5, "-0.5000"), (9.8e-5, "9.800e-05"), (1e-4, "0.0001000"), (2e7, "2.000e+07"), (.nan, "nan"), (-.infinity, "-inf"),
  ])
  func significant(value: Double, text: String) {
    #expect(Formatting.significant(value, 4) == text)
  }

  @Test func shares() {
    #expect(Formatting.percent(0.123456) == "12.35")
    #expect(Formatting.percent(.nan) == "nan")
    #expect(Formatting.plural(1, "image") == "1 image")
    #expect(Formatting.plural(2000, "image") == "2,000 images")
  }

  @Test func pointsInTime() {
    #expect(Timestamp.text(0) == "1970-01-01T00:00:00Z")
    #expect(Timestamp.text(951_782_400) == "2000-02-29T00:00:00Z")
  }
}
