"""Compares decoded pixels with what Pillow makes of the same files, turned upright: python compare_with_pillow.py FOLDER

The folder holds files NAME and, beside each, NAME.WIDTHxHEIGHT.rgb with red, green, blue of each pixel. Exits with 1 where a byte differs.
"""
import glob, os, re, sys
import numpy as np
from PIL import Image, ImageOps

folder, different, count = sys.argv[1], 0, 0
for raw in sorted(glob.glob(f"{folder}/*.rgb")):
    name, width, height = re.fullmatch(r"(.*)\.(\d+)x(\d+)\.rgb", raw).groups()
    with Image.open(name) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGBA" if "transparency" in image.info else image.mode).convert("RGB"))
    found = np.fromfile(raw, np.uint8).reshape(int(height), int(width), 3)
    count += 1
    if expected.shape != found.shape or (expected != found).any():
        different += 1
        print(os.path.basename(name), expected.shape, found.shape)
print(f"{count} files, {different} differ")
sys.exit(different > 0)
