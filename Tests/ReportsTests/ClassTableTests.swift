import Reports
import Testing

@Suite struct ClassTableTests {
  @Test func goldenText() {
    #expect(
      ClassTable(evaluation()).text() == """
        Step 1350, epoch 30: 101 images at network resolution. Groups come from shares of the labelled training pixels.

        class  group   train %     pixels   IoU %  accuracy %  precision %  note
        ----------------------------------------------------------------------------------------------------
        road   head      70.00  2,000,000  100.00      100.00        98.00
        sky    head      25.00  1,234,567   90.12       95.00        94.56
        fence  medium     3.98          0    0.00           –         0.00  does not occur, but is predicted
        pole   tail       1.02      6,000    0.00        0.00            –  never predicted
        train  tail       0.00          0       –           –            –  does not occur

        mean                %  over
        ------------------------------------------------
        mIoU head       95.06  2 classes
        mIoU medium      0.00  1 class
        mIoU tail        0.00  1 class
        mIoU            47.53  4 classes of 5
        mean accuracy   65.00  3 classes
        pixel accuracy  97.92  3,240,567 labelled pixels

        """)
  }

  @Test func goldenMarkdown() {
    var record = evaluation()
    record.classes = Array(record.classes.prefix(2))
    record.averagedClasses = 4
    record.setScores(miou: 0.4753, pixelAccuracy: 0.9792, meanAccuracy: 0.65)
    record.classes[0].name = "a|b"
    record.classes[0].gradientShare = 0.5
    #expect(
      ClassTable(record).markdown(title: "my run") == """
        # my run

        Step 1350, epoch 30: 101 images at network resolution. Groups come from shares of the labelled training pixels.

        | class | group | train % | pixels | IoU % | accuracy % | precision % | gradient % | note |
        | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |
        | a\\|b | head | 25.00 | 1,234,567 | 90.12 | 95.00 | 94.56 | 50.00 |  |
        | pole | tail | 1.02 | 6,000 | 0.00 | 0.00 | – | – | never predicted |

        | mean | % | over |
        | --- | ---: | --- |
        | mIoU | 47.53 | 4 classes of 2 |
        | mean accuracy | 65.00 | 2 classes |
        | pixel accuracy | 97.92 | 1,240,567 labelled pixels |

        """)
  }

  @Test func neverPredictedStandsOut() {
    let text = ClassTable(evaluation()).text(for: Terminal(isInteractive: true, usesColour: true))
    #expect(text.split(separator: "\n").filter { $0.contains("\u{1b}[33m") }.count == 1)
    #expect(text.contains("\u{1b}[33mpole "))
  }

  @Test func classesWithoutAShareComeLastInOrder() {
    var record = evaluation()
    for place in record.classes.indices { record.classes[place].trainingShare = nil }
    record.classes[4].trainingShare = 0
    let lines = ClassTable(record).text().split(separator: "\n")
    #expect(lines[3...7].map { String($0.prefix { $0 != " " }) } == ["fence", "sky", "pole", "road", "train"])
  }

  @Test func tableWithoutRowsAndWithRules() {
    var table = TextTable(columns: [.init("name"), .init("n", isNumeric: true)])
    #expect(table.lines == ["name  n", "-------"])
    table.append(["a", "10"])
    table.appendRule()
    table.append(["total"])
    #expect(table.lines == ["name    n", "---------", "a      10", "---------", "total"])
  }
}
