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
    files = {f"decode/{name}": content for name, content in pictures().items()}
    return {**files, "decode.json": {name: facts(content) for name, content in pictures().items()}}


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
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error):
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
