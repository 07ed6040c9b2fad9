"""Writes the expected values of the golden tests, by PyTorch, torchvision, timm and scikit-learn.

    pip install -r tests/golden/requirements.txt
    python tests/golden/generate.py [TOPIC ...]

A topic is a module beside this one whose `expected()` gives the content of each file by its name.
"""

import importlib
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOPICS = sorted(path.stem for path in HERE.glob("*.py") if re.search(r"^def expected\(", path.read_text(), re.M))


def main():
    for topic in sys.argv[1:] or TOPICS:
        for name, content in importlib.import_module(topic).expected().items():
            path = HERE / name
            path.write_bytes(content if isinstance(content, bytes) else to_json(content).encode())
            print(f"{path.name}: {path.stat().st_size} bytes")


def to_json(content: dict) -> str:
    """One entry a line, down to the last but one level."""
    return _lines(content, "") + "\n"


def _lines(content, indent: str) -> str:
    nested = isinstance(content, dict) and any(isinstance(value, dict) for value in content.values())
    listing = isinstance(content, dict) and len(content) > 12
    if not (nested or listing):
        return json.dumps(content)
    inner = indent + "  "
    entries = (f"{inner}{json.dumps(key)}: {_lines(value, inner)}" for key, value in content.items())
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"


if __name__ == "__main__":
    main()
