"""Archives as Python's tarfile writes them: ustar, GNU and pax, with names that need each format's extension."""

import base64
import gzip
import hashlib
import io
import tarfile

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
FOLDER = "a_folder_with_a_long_name/" * 4
NAMES = ["./first.txt", "empty.bin", "caf\u00e9/b.jpg", FOLDER + "long.jpg", "last.cls"]
# Too long for ustar's two fields.
LONGER = FOLDER * 3 + "longer.jpg"


def expected() -> dict:
    return {"tar.json": {name: archive(number) for name, number in FORMATS.items()}}


def archive(number: int) -> dict:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=number) as writer:
        folder = tarfile.TarInfo("caf\u00e9")
        folder.type = tarfile.DIRTYPE
        writer.addfile(folder)
        for i, name in enumerate(NAMES + ([] if number == tarfile.USTAR_FORMAT else [LONGER])):
            info = tarfile.TarInfo(name)
            # A time with a fraction has a record of its own in pax.
            info.mtime = 1.5 if number == tarfile.PAX_FORMAT else 1
            content = bytes(range(256)) * 3 if i == 0 else b"" if i == 1 else f"content {i}".encode()
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    data = buffer.getvalue()
    with tarfile.open(fileobj=io.BytesIO(data)) as reader:
        files = [member for member in reader.getmembers() if member.isfile()]
        members = {
            member.name: [member.offset, member.offset_data, member.size,
                          hashlib.sha256(reader.extractfile(member).read()).hexdigest()]
            for member in files
        }
    return {"gzip": base64.b64encode(gzip.compress(data, mtime=0)).decode(), "members": members}
