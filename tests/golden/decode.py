"""Small files of every kind of picture, and what PIL makes of them: `Image.open(file).convert("RGB")`."""

import base64
import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageCms

from formula import unit

WIDTH, HEIGHT = 7, 5

warnings.simplefilter("ignore")  # dropped transparency and truncated files are what is looked at


def expected() -> dict:
    read = {**pictures(), **tiffs(), **bmps(), **pnms()}
    files = {f"decode/{name}": content for name, content in read.items()}
    files |= {f"decode/unread/{name}": content for name, content in unread().items()}
    return {**files, "decode.json": {name: facts(content) for name, content in read.items()}}


def facts(content: bytes) -> dict:
    """The pixels, and up to which numbers of bytes of the file PIL raises an error."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    cuts = [len(content) * share // 8 for share in range(8)]
    return {
        "size": picture.size,
        "rgb": base64.b64encode(picture.tobytes()).decode(),
        "truncated": [cut for cut in cuts if fails(content[:cut])],
    }


def fails(content: bytes) -> bool:
    try:
        Image.open(io.BytesIO(content)).convert("RGB")
        return False
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error):
        return True


def pictures() -> dict:
    rgb, rgba, gray = noise("rgb"), noise("rgba"), noise("gray")
    gray_alpha = Image.merge("LA", [gray, noise("alpha")])
    palette = Image.fromarray(np.asarray(noise("index")) % 16)
    palette.putpalette(noise("palette").tobytes()[:48])
    gray16 = Image.fromarray(noise16("gray16", 1)[..., 0] >> 7)  # of 512 levels: PIL cuts off at 255
    cmyk = Image.merge("CMYK", [noise(f"ink {i}") for i in range(4)])
    waves, inks = Image.fromarray(wave(3)), Image.fromarray(wave(4), "CMYK")
    adobe_cmyk, gray_jpeg = save(inks, "JPEG", quality=95), save(waves.convert("L"), "JPEG")
    return {
        "gray.png": save(gray, "PNG"),
        "gray_alpha.png": save(gray_alpha, "PNG"),
        "gray16.png": save(gray16, "PNG"),
        "gray_alpha16.png": png16(noise16("gray and alpha", 2), color_type=4),
        "one_bit.png": save(gray.point(lambda value: 255 * (value > 127)).convert("1"), "PNG"),
        "one_pixel.png": save(rgb.crop((0, 0, 1, 1)), "PNG"),
        "palette.png": save(palette, "PNG", transparency=bytes(range(0, 256, 16))),
        "profile.png": save(rgb, "PNG", icc_profile=swapped_profile()),
        "rgb16.png": png16(noise16("rgb16", 3), color_type=2),
        "rgba.png": save(rgba, "PNG"),
        "rotated.png": save(rgb, "PNG", exif=orientation(6)),
        "animation.gif": save(
            palette, "GIF", save_all=True, append_images=[palette.rotate(180)], transparency=3, disposal=2
        ),
        "inset.gif": inset(save(palette, "GIF", transparency=3, interlace=1)),
        "animation.webp": save(rgba, "WEBP", lossless=True, exact=True, save_all=True, append_images=[rgb]),
        "rgba.webp": save(rgba, "WEBP", lossless=True, exact=True),
        "cmyk.tif": save(cmyk, "TIFF"),
        "gray16.tif": save(gray16, "TIFF"),
        "pages.tif": save(rgb, "TIFF", save_all=True, append_images=[rgba]),
        "rotated.tif": save(rgb, "TIFF", exif=orientation(6)),
        "cmyk.jpg": adobe_cmyk,
        "ycck.jpg": adobe_cmyk.replace(b"Adobe\0\x64\0\0\0\0\0", b"Adobe\0\x64\0\0\0\0\2"),  # the colour transform
        "gray.jpg": gray_jpeg,
        "litter.jpg": gray_jpeg.replace(b"\xff\xc4", bytes(5) + b"\xff\xc4"),  # libjpeg warns
        "one_pixel.jpg": save(waves.crop((0, 0, 1, 1)), "JPEG"),
        "progressive.jpg": save(waves, "JPEG", progressive=True),
        "rotated.jpg": save(waves, "JPEG", exif=orientation(6), icc_profile=swapped_profile()),
        "lossy.webp": save(Image.fromarray(wave(4)), "WEBP", quality=90),
        "rotated.avif": save(waves, "AVIF", quality=90, subsampling="4:4:4", exif=orientation(5)),
        "transparent.avif": save(Image.fromarray(wave(4)), "AVIF", quality=90, subsampling="4:4:4"),
    }


def tiffs() -> dict:
    """What libvips would misread if nobody told it."""
    ycbcr = noise("rgb").convert("YCbCr")
    packed = {"raw": None, "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate", "packbits": "packbits"}
    gray, inks = noise("gray").tobytes(), noise16("inks", 4)
    return {
        **{f"ycbcr_{name}.tif": save(ycbcr, "TIFF", compression=how) for name, how in packed.items()},
        "ycbcr_jpeg.tif": save(Image.fromarray(wave(3)), "TIFF", compression="jpeg", quality=95),
        "int8.tif": tiff(gray, photometric=1, bits=[8], sample_format=2),
        "inverted16.tif": tiff((noise16("gray16", 1) >> 7).tobytes(), photometric=0, bits=[16]),
        "cmyk16.tif": tiff(inks.tobytes(), photometric=5, bits=[16] * 4),
        "cmyk16_big_endian.tif": tiff(inks.astype(">u2").tobytes(), photometric=5, bits=[16] * 4, order=">"),
    }


def tiff(data: bytes, photometric: int, bits: list, sample_format: int = 1, order: str = "<", tags: dict = {}) -> bytes:
    """Of one uncompressed strip."""
    count = len(bits)
    entries = {256: [WIDTH], 257: [HEIGHT], 258: bits, 259: [1], 262: [photometric], 273: [8], 277: [count]}
    entries |= {278: [HEIGHT], 279: [len(data)], 339: [sample_format] * count, **tags}
    data += bytes(len(data) % 2)
    directory, values = struct.pack(order + "H", len(entries)), b""
    outside = 8 + len(data) + 2 + 12 * len(entries) + 4
    for tag, numbers in sorted(entries.items()):
        value = struct.pack(f"{order}{len(numbers)}H", *numbers)
        if len(value) > 4:
            values, value = values + value, struct.pack(order + "I", outside + len(values))
        directory += struct.pack(order + "HHI", tag, 3, len(numbers)) + value.ljust(4, b"\0")
    start = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8 + len(data))
    return start + data + directory + bytes(4) + values


def bmps() -> dict:
    rgb, gray = noise("rgb"), noise("gray")
    palette = [noise("palette").tobytes()[4 * i : 4 * i + 3] + b"\0" for i in range(5)] * 4
    values = {bits: noise_bytes(f"bmp {bits}", HEIGHT * 4 * -(-WIDTH * bits // 32)) for bits in (1, 4, 8, 16, 32)}
    return {
        "one_bit.bmp": save(gray.convert("1"), "BMP"),
        "gray.bmp": save(gray, "BMP"),
        "palette.bmp": save(rgb.quantize(6), "BMP"),
        "rgb24.bmp": save(rgb, "BMP"),
        "rgba.bmp": save(noise("rgba"), "BMP"),
        "two_colors.bmp": bmp(1, values[1], palette[:2]),
        "palette4.bmp": bmp(4, values[4], palette[:16]),
        "few_colors.bmp": bmp(8, bytes(value % 20 for value in values[8]), palette),
        "core_header.bmp": bmp(8, values[8], [bytes([i, 255 - i, i // 2]) for i in range(256)], header=12),
        "rgb555.bmp": bmp(16, values[16]),
        "rgb565.bmp": bmp(16, values[16], compression=3, masks=[0xF800, 0x7E0, 0x1F]),
        "rgb32.bmp": bmp(32, values[32]),
        "masks_of_header.bmp": bmp(32, values[32], compression=3, header=124, masks=[0xFF, 0xFF00, 0xFF0000, 0xFF000000]),
        "top_down.bmp": bmp(8, values[8], palette, is_top_down=True),
        "rle8.bmp": bmp(8, b"".join(map(bytes, RLE8)), palette, compression=1),
        "rle4.bmp": bmp(4, b"".join(map(bytes, RLE4)), palette[:16], compression=2),
    }


# Runs of one colour, colours one by one, a jump, ends of lines, and a run that is longer than its row.
RLE8 = [[7, 3], [0, 0], [0, 3, 1, 2, 3, 0], [4, 9], [0, 0], [2, 5], [0, 2, 1, 1], [4, 1], [0, 0], [99, 7], [0, 0], [7, 4], [0, 1]]
RLE4 = [[7, 0x34], [0, 0], [0, 3, 0x12, 0x30], [4, 0x9A], [0, 0], [2, 0x55], [0, 2, 1, 1], [4, 0x12], [0, 0], [99, 0x78]] + [[0, 0], [7, 0x4F], [0, 1]]


def bmp(bits, data, palette=(), compression=0, header=40, masks=(), is_top_down=False) -> bytes:
    height = -HEIGHT if is_top_down else HEIGHT
    if header == 12:
        head = struct.pack("<IHHHH", header, WIDTH, HEIGHT, 1, bits)
    else:
        sizes = [len(data), 2835, 2835, len(palette), 0]
        head = struct.pack("<IiiHHI5I", header, WIDTH, height, 1, bits, compression, *sizes)
    head = (head + struct.pack(f"<{len(masks)}I", *masks)).ljust(header, b"\0") + b"".join(palette)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(data), 0, 0, 14 + len(head)) + head + data


def pnms() -> dict:
    rgb, gray, one_bit = noise("rgb"), noise("gray"), noise("gray").convert("1")
    size, digits = b"%d %d\n" % (WIDTH, HEIGHT), lambda values: b" ".join(b"%d" % value for value in values)
    gray16, rgb16 = noise16("gray16", 1) >> 7, noise16("rgb16", 3)
    return {
        "raw.pbm": save(one_bit, "PPM"),
        "raw.pgm": save(gray, "PPM"),
        "raw.ppm": save(rgb, "PPM"),
        "comments.ppm": b"P6\n# one\n%d # two\r\n%d\n#three\n255\n" % (WIDTH, HEIGHT) + rgb.tobytes(),
        "plain.pbm": b"P1\n# ink is 1\n" + size + b"".join(b"%d" % (value == 0) for value in np.asarray(one_bit).flat),
        "plain.pgm": b"P2 " + size + b"255\n" + digits(gray.tobytes()).replace(b" ", b"\n", 20) + b"\n# the end",
        "plain.ppm": b"P3 " + size + b"1023\n" + digits((rgb16 >> 6).flat),
        "levels100.pgm": b"P5 " + size + b"100\n" + bytes(value % 101 for value in gray.tobytes()),
        "gray16.pgm": b"P5 " + size + b"65535\n" + gray16.astype(">u2").tobytes(),
        "gray12.pgm": b"P5 " + size + b"4095\n" + (gray16 >> 5).astype(">u2").tobytes(),
        "rgb16.ppm": b"P6 " + size + b"65535\n" + rgb16.astype(">u2").tobytes(),
    }


def unread() -> dict:
    """What is whole and is not read."""
    rgb, waves = noise("rgb"), Image.fromarray(wave(3))
    lab = ImageCms.profileToProfile(rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    subsampled = tiff(noise_bytes("chroma", 4 * 3 * 6), photometric=6, bits=[8] * 3, tags={530: [2, 2]})
    return {
        "animation.avif": save(waves, "AVIF", save_all=True, append_images=[waves.rotate(180)]),
        "lab.tif": save(lab, "TIFF"),
        "lzma.tif": save(rgb, "TIFF", compression="lzma"),
        "subsampled.tif": subsampled,
        "zstd.tif": save(rgb, "TIFF", compression="zstd"),
    }


def noise_bytes(name: str, count: int) -> bytes:
    return np.floor(256 * unit(f"picture.{name}", count)).astype(np.uint8).tobytes()


def noise(name: str) -> Image.Image:
    """Of the mode that the name says, gray if it says none."""
    channels = {"rgb": 3, "rgba": 4, "palette": 3}.get(name, 1)
    values = np.floor(256 * unit(f"picture.{name}", WIDTH * HEIGHT * channels)).astype(np.uint8)
    return Image.fromarray(values.reshape(HEIGHT, WIDTH, channels).squeeze())


def noise16(name: str, channels: int) -> np.ndarray:
    values = np.floor(65536 * unit(f"picture.{name}", WIDTH * HEIGHT * channels))
    return values.astype(np.uint16).reshape(HEIGHT, WIDTH, channels)


def wave(channels: int) -> np.ndarray:
    """Smooth, as lossy formats like it: `[17, 23, channels]` uint8."""
    y, x = np.mgrid[0:17, 0:23]
    waves = [128 + 110 * np.sin(0.3 * x * (c + 1) / channels + 0.25 * y + c) for c in range(channels)]
    return np.stack(waves, axis=-1).astype(np.uint8)


def save(picture: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def swapped_profile() -> bytes:
    """sRGB with red and blue swapped: who minds it shows other colours."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:24] + bytes(12) + profile[36:]  # the time it was made at
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def png16(values: np.ndarray, color_type: int) -> bytes:
    """PIL writes no 16 bits of more than gray."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = {b"IHDR": struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0), b"IDAT": zlib.compress(rows)}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in [*chunks.items(), (b"IEND", b"")])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def inset(gif: bytes) -> bytes:
    """The same frame off the corner of a larger screen."""
    frame = gif.index(b"," + bytes(4) + struct.pack("<HH", WIDTH, HEIGHT))
    screen, corner = struct.pack("<HH", WIDTH + 3, HEIGHT + 2), struct.pack("<HH", 2, 1)
    return gif[:6] + screen + gif[10 : frame + 1] + corner + gif[frame + 5 :]
