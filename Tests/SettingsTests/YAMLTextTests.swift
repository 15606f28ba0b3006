import Settings
import Tensors
import Testing

@Suite struct YAMLTextTests {
  @Test func valuesInOneLine() {
    let cases: [(SettingValue, String)] = [
      (nil, "null"), (true, "true"), (12, "12"), (0.5, "0.5"), (1e-5, "1.0e-05"), (1e20, "1.0e+20"), ("plain", "plain"), ("a b", "a b"),
      ("/data/of mine", "/data/of mine"), ("yes", "\"yes\""), ("12", "\"12\""), ("_mask", "\"_mask\""), ("a: b", "\"a: b\""),
      ("a #b", "\"a #b\""), ("- d", "\"- d\""), ("end ", "\"end \""), ("", "\"\""), ("\u{e9}", "\"\u{e9}\""), ("#010203", "\"#010203\""),
      (["a", 1, nil], "[a, 1, null]"), (["10": "b", "9": "a", "x": 1, "#0f0": 2], "{9: a, 10: b, \"#0f0\": 2, x: 1}"),
      (["01": 1, "-1": 2], "{\"-1\": 2, \"01\": 1}"),
    ]
    for (value, text) in cases { #expect(value.yaml == text, "\(value)") }
  }

  @Test func aFileHasItsCommentsBesideItsKeys() {
    var file = YAMLText(commentColumn: 20)
    file.comment("Head")
    file.comment("")
    file.section("data", "what")
    file.key("name", "x", depth: 1, "short")
    file.key("root", "/a/path/that/is/long", depth: 1, "far")
    file.key("size", pairs: ["width": 3, "height": 2], depth: 1)
    file.key("labelMap", spread: ["255": 1, "0": "sky"], depth: 1, "numbers")
    file.key("empty", spread: [:], depth: 1)
    #expect(
      file.text == """
        # Head
        #

        data:               # what
          name: x           # short
          root: /a/path/that/is/long  # far
          size: {width: 3, height: 2}
          labelMap:         # numbers
            0: sky
            255: 1
          empty: {}

        """)
  }
}
