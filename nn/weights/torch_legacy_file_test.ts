import assert from "node:assert/strict";
import { join } from "node:path";
import { Random, RunError } from "@seed/core";
import { openWeights } from "./open_weights.ts";

const folder = await Deno.makeTempDir();
const path = join(folder, "weights.pth");
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Every tensor of a file that has these bytes. */
async function readAll(bytes: Uint8Array): Promise<Map<string, number[]>> {
  await Deno.writeFile(path, bytes);
  using file = await openWeights(path);
  const tensors = new Map<string, number[]>();
  for (const [name, { shape }] of file.tensors) {
    const values = file.read(name);
    assert.equal(values.length, shape.reduce((a, b) => a * b, 1), `"${name}" [${shape}]`);
    tensors.set(name, [...values]);
  }
  return tensors;
}

/** The one clear error that reading must end with, soon; null if it ended well. */
async function errorOf(bytes: Uint8Array): Promise<string | null> {
  const start = performance.now();
  try {
    await readAll(bytes);
    return null;
  } catch (error) {
    assert.ok(error instanceof RunError, `not a RunError: ${error instanceof Error ? error.stack : error}`);
    const { message } = error;
    assert.match(message, /^(The|In) [^\n]*"[^\n]*weights\.pth"[^\n]*$/);
    assert.ok(message.length < 1500, `a message of ${message.length} characters`);
    return message;
  } finally {
    assert.ok(performance.now() - start < 5000, `it took ${performance.now() - start} ms`);
  }
}

const [moco, plain] = await Promise.all(
  ["moco", "plain"].map((name) =>
    Deno.readFile(join(import.meta.dirname!, `../../tests/golden/torch_legacy_${name}.pth`))
  ),
);

Deno.test("a file cut off at any byte is an error", async () => {
  for (let length = 0; length < plain.length; length++) {
    assert.ok(await errorOf(plain.subarray(0, length)), `cut at byte ${length}, it was read`);
  }
});

Deno.test("a file with a wrong byte is an error, or read as far as the format can tell", async () => {
  for (let trial = 0; trial < 1000; trial++) {
    const random = new Random(trial, "flip"), bytes = moco.slice();
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      bytes[random.below(bytes.length)] ^= 1 + random.below(255);
    }
    await errorOf(bytes);
  }
});

/** A file of the container with the pickle of its objects, and of its storages' keys, given as opcodes. */
function container(objects: Uint8Array, keys = opcodes("]"), storages = new Uint8Array(0)): Uint8Array {
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const pickles = [magic, [0x4d, 0xe9, 3], opcodes("}"), objects, keys];
  return Uint8Array.from([...pickles.flatMap((p) => [0x80, 2, ...p, 0x2e]), ...storages]);
}

/** Opcodes and their arguments: texts as they are, numbers as bytes. */
function opcodes(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((p) => typeof p === "number" ? [p] : [...new TextEncoder().encode(p)]),
  );
}

/** A text of fewer than 256 bytes. */
const text = (value: string) => [0x8c, value.length, value];

/** A reference to a storage of four float32 elements. */
const storage = [
  "(",
  ...text("storage"),
  "ctorch\nFloatStorage\n",
  ...text("a"),
  ...text("cpu"),
  "K",
  4,
  "tQ",
];

for (
  const [what, code] of Object.entries({
    "os.system": ["cos\nsystem\n", ...text("touch /tmp/x"), 0x85, "R"],
    "builtins.eval": ["cbuiltins\neval\n", ...text("1"), 0x85, "R"],
    "posix.system": [...text("posix"), ...text("system"), 0x93, ...text("true"), 0x85, "R"],
    "torch.hub.load": ["ctorch\nhub.load\n)R"],
    "collections.OrderedDict.__class__": ["ccollections\nOrderedDict.__class__\n)R"],
    "torch.constructor": ["ctorch\nconstructor\n)R"],
    "__main__.Model": ["c__main__\nModel\n)", 0x81],
  })
) {
  Deno.test(`a pickle that asks for ${what} is refused by its name`, async () => {
    const message = await errorOf(container(opcodes(...code)));
    assert.ok(message?.includes(`"${what}"`), message ?? "it was read");
  });
}

/** `count` times the opcodes. */
const repeat = (count: number, ...parts: (string | number)[]) => {
  const once = opcodes(...parts), all = new Uint8Array(count * once.length);
  for (let i = 0; i < count; i++) all.set(once, i * once.length);
  return all;
};
const join2 = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((p) => [...p]));
/** A list of lists of lists, of which each holds the one before twice: 2^levels when written out. */
const laughs = (levels: number) =>
  join2(
    opcodes("]q", 0),
    ...Array.from({ length: levels }, (_, i) => opcodes("](h", i, "h", i, "eq", i + 1)),
  );

const hostile: Record<string, () => Uint8Array> = {
  "a list that doubles 60 times, as a global's module": () =>
    container(join2(laughs(60), opcodes(...text("x"), 0x93))),
  "a list that doubles 60 times, as a storage's key": () => {
    const dict = opcodes("}", ...text("w"), "ctorch._utils\n_rebuild_tensor_v2\n(", ...storage);
    const tensor = opcodes("K", 0, "K", 4, 0x85, "K", 1, 0x85, 0x89, "}tRs");
    return container(join2(dict, tensor), join2(opcodes("]"), laughs(60), opcodes("a")));
  },
  "lists in lists, a hundred thousand deep": () =>
    container(join2(repeat(100_000, "]"), repeat(99_999, "a"), opcodes(...text("x"), 0x93))),
  "a list that holds itself": () => container(opcodes("]q", 0, "h", 0, "a", ...text("x"), 0x93)),
  "a dict that is its own state dict": () => container(opcodes("}q", 0, ...text("state_dict"), "h", 0, "s")),
  "a text of four gigabytes": () => container(opcodes("X", 255, 255, 255, 255)),
  "an integer of 255 bytes as a size": () =>
    container(
      opcodes("}", ...text("w"), "ctorch._utils\n_rebuild_tensor_v2\n(", ...storage, "K", 0, 0x8a, 255),
    ),
  "many dicts made of one large list of pairs": () => {
    const pairs = join2(opcodes("]("), repeat(20_000, "NN", 0x86), opcodes("eq", 0, "0"));
    const makeDict = repeat(20_000, "ccollections\nOrderedDict\nh", 0, 0x85, "R");
    return container(join2(pairs, makeDict));
  },
  "many tensors with one shape of ten thousand axes": () => {
    const axes = join2(opcodes("("), repeat(10_000, "K", 1), opcodes("tq", 0, "0"));
    const keep = opcodes(...storage, "q", 1, "0");
    const tensor = repeat(10_000, "ctorch._utils\n_rebuild_tensor_v2\n(h", 1, "K", 0, "h", 0, "h", 0, "tR");
    return container(join2(axes, keep, tensor));
  },
  "ten million empty dicts": () => container(repeat(10_000_000, "}")),
  "a global with a name of a megabyte": () =>
    container(join2(opcodes("cos\n"), repeat(1_000_000, "x"), opcodes("\n"))),
  "a tensor that is larger than its storage": () =>
    container(
      opcodes(
        ...["}", ...text("w"), "ctorch._utils\n_rebuild_tensor_v2\n(", ...storage],
        ...["K", 0, "J", 255, 255, 255, 127, 0x85, "K", 0, 0x85, 0x89, "}tRs"],
      ),
      opcodes("]", ...text("a"), "a"),
      Uint8Array.from([4, 0, 0, 0, 0, 0, 0, 0, ...new Uint8Array(16)]),
    ),
  "a storage of more elements than any file has": () =>
    container(
      opcodes(
        ...["}", ...text("w"), "ctorch._utils\n_rebuild_tensor_v2\n("],
        ...["(", ...text("storage"), "ctorch\nFloatStorage\n", ...text("a"), ...text("cpu")],
        ...[
          0x8a,
          7,
          255,
          255,
          255,
          255,
          255,
          255,
          15,
          "tQ",
          "K",
          0,
          "K",
          4,
          0x85,
          "K",
          1,
          0x85,
          0x89,
          "}tRs",
        ],
      ),
      opcodes("]", ...text("a"), "a"),
    ),
};

for (const [what, bytes] of Object.entries(hostile)) {
  Deno.test(`refused, soon: ${what}`, async () => {
    assert.ok(await errorOf(bytes()), "it was read");
  });
}

Deno.test("a zip container says what is not read yet and what to do", async () => {
  const message = await errorOf(Uint8Array.of(0x50, 0x4b, 3, 4, ...new Uint8Array(60)));
  assert.match(message!, /zip container, which is not read yet; save its state dict as safetensors/);
});
