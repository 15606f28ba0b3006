"""What is trained for the comparison: small, but each case takes another way through the step."""

import dataclasses

STEPS = 50
MIDDLE = 25


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, an objective and what else is special, as overrides of the configuration."""

    name: str
    settings: tuple


UNET = "model={name: unet, width: 8, batchNorm: synchronized}"

# Dropout draws from the run's seed or not, depending on the commit: without it the case guards everything else. It has a case of its own.
CASES = [
    Case("pat", (
        UNET, "objective={name: pat, settings: {exponent: 1, homogenization: rotograd, burnIn: 3, statistic: features}}")),
    Case("cross-entropy", (
        UNET, "objective={name: crossEntropy}", "optimizer={name: sgd, learningRate: 0.05, momentum: 0.9}", "gradientClipping=1")),
    Case("blv", (UNET, "objective={name: balancingLogitVariation}")),
    Case("ohem", (UNET, "objective={name: ohem, settings: {minimumKept: 0.25}}")),
    Case("seesaw", (UNET, "objective={name: seesaw}")),
    Case("deeplabv3", (
        "model={name: deeplabv3-resnet18, settings: {auxiliaryWeight: 0.4, dropout: 0}}", "objective={name: pat}",
        "training.exponentialMovingAverage.decay=0.9", "optimizer={name: adamw, learningRate: 0.001, weightDecay: 0.01}")),
    Case("local-batch-norm", (
        "model={name: unet, width: 8, batchNorm: local}", "objective={name: eqlv2}", "training.dropLast=true", "training.epochs=13")),
    Case("micro-batches", (UNET, "objective={name: pat}", "training.accumulate=2")),
    Case("dropout", ("model={name: fcn-resnet18, settings: {dropout: 0.1}}", "objective={name: crossEntropy}")),
]


def settings(case, algorithms, choices, threads):
    """What one run is told beside `common.yaml`. The choices file rules over whatever the build would choose by itself."""
    common = [f"training.steps={STEPS}", f"checkpoint.everySteps={MIDDLE}", f"engine.threads={threads}"]
    if algorithms == "direct":
        common.append("engine.algorithms=direct")
    else:
        common.append(f"engine.choicesFile={choices}")
    return common + list(case.settings)
