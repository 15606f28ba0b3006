"""Numbers that SamplerTests.swift compares with, from the formulas of the papers, in exact or double arithmetic.

Run: python3 sampling.py
"""
import math

counts = [600, 60, 6, 1]
total = sum(counts)


def shares(weights):
    return [w / sum(weights) for w in weights]


def show(name, numbers):
    print(name, "[" + ", ".join(f"{number:.12g}" for number in numbers) + "]")


# Kang et al. 2020: a class is drawn in proportion to a power of its count.
for power in (1, 0.5, 0, -1):
    show(f"power {power}", shares([n**power for n in counts]))

# The same paper, progressively balanced over five epochs.
for epoch in range(5):
    mix = epoch / 4
    show(f"progressive {epoch}", [(1 - mix) * n / total + mix / len(counts) for n in counts])

# Cui et al. 2019: a sample weighs the inverse effective number of its class.
base = 0.999
show("effective number", shares([n * (1 - base) / (1 - base**n) for n in counts]))

# Gupta et al. 2019: images by the classes that they show.
images = [[0], [0], [0, 1], [0], [0, 2], [], [0], [0], [1], [0, 1, 2, 3]]
threshold = 0.5
shown = [sum(c in image for image in images) for c in range(4)]
factor = [max(1.0, math.sqrt(threshold / (n / len(images)))) for n in shown]
show("repeat factors", [max([1.0] + [factor[c] for c in image]) for image in images])

# Iscen et al. 2021: copies of a sample of each class, for class shares of 0.7, 0.25 and 0.05.
show("balanced copies", [1 / (3 * share) for share in (0.7, 0.25, 0.05)])


# Classes in turn, two images of a class in a row, nothing shuffled.
def in_turn(lists, in_a_row, length):
    taken = [0] * len(lists)
    order = []
    while True:
        for c, images_of_class in enumerate(lists):
            for _ in range(in_a_row):
                if len(order) == length:
                    return order
                order.append(images_of_class[taken[c] % len(images_of_class)])
                taken[c] += 1


print("in turn", in_turn([[0, 1, 2, 3, 4], [5, 6], [7]], 2, 18))
