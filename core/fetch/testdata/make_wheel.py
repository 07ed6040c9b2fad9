"""Writes a wheel of a package that holds one file: python make_wheel.py FOLDER NAME VERSION BYTES"""
import os
import sys
import zipfile
from pathlib import Path

folder, name, version, size = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
info = f"{name}-{version}.dist-info"
files = {
    f"{name}/data.bin": os.urandom(size),
    f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
    f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, content in {**files, f"{info}/RECORD": record.encode()}.items():
        wheel.writestr(path, content)
