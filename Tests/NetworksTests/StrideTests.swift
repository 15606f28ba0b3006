import Models
import Testing

/// The coarsest level of each family of networks, whatever sizes of images it takes.
@Suite struct StrideTests {
  @Test(arguments: [
    ("unet", 16), ("segnet", 16), ("fcn-resnet18", 8), ("deeplabv3-resnet50", 8), ("deeplabv3plus-resnet18", 16), ("fpn-resnet18", 32),
    ("resnet32", 4), ("resnet10-small", 8), ("resnext50", 32),
  ])
  func coarsestLevel(model: String, stride: Int) throws {
    #expect(try ModelRegistry.make(model, width: 8, classes: 5).coarsestStride() == stride)
  }

  @Test func settingsCount() throws {
    #expect(try ModelRegistry.make("deeplabv3-resnet18", width: 8, classes: 5, settings: ["outputStride": 32]).coarsestStride() == 32)
  }
}
