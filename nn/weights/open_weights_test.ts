import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { RunError } from "@seed/core";
import { concat, refusal, zipOf } from "../../tests/support/weight_bytes.ts";
import { openWeights } from "./open_weights.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const padded = (text: string, length = 600) => concat(encode(text), new Uint8Array(length - text.length));

/** Files that people take for weights, and what the error says. */
const FOREIGN: Record<string, [bytes: Uint8Array, says: RegExp]> = {
  "an empty file": [new Uint8Array(0), /is empty/],
  "a web page": [encode("\n<!DOCTYPE html><html><body>404</body></html>"), /is a web page/],
  "an error of a store": [encode(`<?xml version="1.0"?><Error/>`), /is an XML text/],
  "an answer of an API": [encode(`{"error": "not found"}`), /is a JSON text/],
  "a pointer": [encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), /a pointer of Git LFS/],
  "gzip": [gzipSync(encode("weights")), /compressed by gzip/],
  "tar": [concat(padded("weights", 257), padded("ustar")), /a tar archive/],
  "HDF5": [concat(Uint8Array.of(0x89), padded("HDF\r\n\x1a\n")), /an HDF5 file/],
  "a single array": [concat(Uint8Array.of(0x93), padded("NUMPY")), /a single array without a name/],
  "TensorFlow Lite": [padded("\0\0\0\0TFL3"), /a TensorFlow Lite model/],
  "ONNX": [padded("\x08\x08\x12\x07pytorch"), /an ONNX model/],
  "a plain pickle": [
    concat(Uint8Array.of(0x80, 4), padded("}")),
    /a Python pickle, but none that torch\.save wrote/,
  ],
  "a checkpoint of TensorFlow": [
    concat(padded("\0\0\x01"), Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)),
    /the index of a TensorFlow checkpoint/,
  ],
  "noise": [Uint8Array.of(1, 2, 3, 250), /of an unknown format \(it begins with the bytes 01 02 03 fa\)/],
  "the first part of an archive": [
    concat(Uint8Array.of(0x50, 0x4b, 7, 8), zipOf([])),
    /the first part of a zip archive that is split/,
  ],
  "the last part of an archive": [
    concat(encode("middle"), zipOf([])),
    /or the last part of one that is split/,
  ],
  "torch.export": [
    zipOf(["m/data/weights/weight_0", "m/archive_format"].map((name) => ({ name, data: encode("pt2") }))),
    /a program of torch\.export, .*torch\.export\.load/,
  ],
  "an empty archive": [zipOf([]), /a zip archive with nothing, but neither PyTorch's nor NumPy's/],
  "another archive": [
    zipOf([{ name: "word/document.xml", data: encode("x") }]),
    /with "word\/document\.xml"/,
  ],
  "TorchScript": [
    zipOf(
      ["data.pkl", "constants.pkl", "code/m.py"].map((name) => ({ name: `m/${name}`, data: encode("x") })),
    ),
    /a TorchScript program, .*torch\.jit\.load/,
  ],
};

for (const [what, [bytes, says]] of Object.entries(FOREIGN)) {
  Deno.test(`openWeights says what it found and what it reads: ${what}`, async () => {
    assert.match(await refusal(bytes), says);
  });
}

Deno.test("openWeights says which formats are read", async () => {
  assert.match(await refusal(Uint8Array.of(1)), /safetensors, PyTorch's files .* and NumPy's \.npz are read/);
});

Deno.test("openWeights tells a file that is not there, and a folder without one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(openWeights(`${folder}/none.pth`), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /^There is no file of weights ".*none\.pth"/);
      return true;
    });
    await assert.rejects(openWeights(folder), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /is a folder without weights of a known name/);
      return true;
    });
  } finally {
    await Deno.remove(folder);
  }
});
