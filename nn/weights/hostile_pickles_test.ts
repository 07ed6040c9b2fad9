import assert from "node:assert/strict";
import {
  legacyContainer,
  opcodes,
  repeat,
  STORAGE,
  TENSOR,
  text,
  zipContainer,
} from "../../tests/support/pickle_bytes.ts";
import { concat, readBits, refusal } from "../../tests/support/weight_bytes.ts";

const CONTAINERS = { "the container before 1.6": legacyContainer, "the zip container": zipContainer };

/** A dict with a tensor `w` of the storage: offset, shape and strides. */
const tensor = (...view: (string | number)[]) => opcodes("}", ...text("w"), ...TENSOR, ...view, 0x89, "}tRs");

Deno.test("a tensor in a pickle made by hand is read, so that the refusals below have their own reasons", async () => {
  for (const container of Object.values(CONTAINERS)) {
    const { w } = await readBits(container(tensor("K", 0, "K", 4, 0x85, "K", 1, 0x85)));
    assert.deepEqual(w, { shape: [4], bits: new Uint32Array(4) });
  }
});

const touched = `${await Deno.makeTempDir()}/executed`;

/** Pickles that Python would execute, each by what it names. */
const PROGRAMS: Record<string, (string | number)[]> = {
  "os.system": ["cos\nsystem\n", ...text(`touch ${touched}`), 0x85, "R"],
  "posix.system": [...text("posix"), ...text("system"), 0x93, ...text(`touch ${touched}`), 0x85, "R"],
  "builtins.eval": ["cbuiltins\neval\n", ...text("1"), 0x85, "R"],
  "builtins.getattr": ["cbuiltins\ngetattr\n", "ctorch\nhub\n", ...text("load"), 0x86, "R"],
  "builtins.getattr ": ["cbuiltins\ngetattr \n)R"],
  "__builtin__.exec": ["c__builtin__\nexec\n", ...text("1"), 0x85, "R"],
  "subprocess.Popen": ["csubprocess\nPopen\n", ...text("true"), 0x85, 0x81],
  "torch.hub.load": ["ctorch\nhub.load\n)R"],
  "torch.load": ["ctorch\nload\n)R"],
  "torch._utils._rebuild_tensor_v2.__globals__": ["ctorch._utils\n_rebuild_tensor_v2.__globals__\n"],
  "collections.OrderedDict.__class__": ["ccollections\nOrderedDict.__class__\n)R"],
  "torch.constructor": ["ctorch\nconstructor\n)R"],
  "argparse.ArgumentParser": ["cargparse\nArgumentParser\n)", 0x81],
  "numpy.core.multiarray._reconstruct": ["cnumpy.core.multiarray\n_reconstruct\n)R"],
  "torchvision.models.resnet.ResNet": ["ctorchvision.models.resnet\nResNet\n)", 0x81],
};

for (const [name, code] of Object.entries(PROGRAMS)) {
  Deno.test(`a pickle that asks for ${name} is refused by its name, and nothing is executed`, async () => {
    for (const container of Object.values(CONTAINERS)) {
      const message = await refusal(container(opcodes(...code)));
      assert.ok(message.includes(`"${name}"`), message);
    }
    await assert.rejects(Deno.stat(touched), Deno.errors.NotFound);
  });

  Deno.test(`a pickle that asks for ${name} beside a tensor is read, and nothing is executed`, async () => {
    const beside = opcodes("}", ...text("w"), ...TENSOR, "K", 0, "K", 4, 0x85, "K", 1, 0x85, 0x89, "}tRs");
    for (const container of Object.values(CONTAINERS)) {
      const { w, ...others } = await readBits(container(concat(beside, opcodes(...text("x"), ...code, "s"))));
      assert.deepEqual([w.shape, others], [[4], {}]);
    }
    await assert.rejects(Deno.stat(touched), Deno.errors.NotFound);
  });
}

Deno.test("what foreign objects are given - arguments, state, items - is not taken for weights", async () => {
  const inner = opcodes(...TENSOR, "K", 0, "K", 4, 0x85, "K", 1, 0x85, 0x89, "}tR");
  const given = (...around: (string | number)[]) => {
    const at = around.indexOf("inner");
    return concat(opcodes(...around.slice(0, at)), inner, opcodes(...around.slice(at + 1)));
  };
  const objects: Record<string, Uint8Array> = {
    arguments: given("cm\nC\n", "inner", 0x85, "R"),
    "arguments of a new object": given("cm\nC\n", "inner", 0x85, 0x81),
    "arguments by name": given("cm\nC\n)}", ...text("a"), "inner", "s", 0x92),
    "a call of what was made": given("cm\nC\n)R", "inner", 0x85, "R"),
    state: given("cm\nC\n)R}", ...text("a"), "inner", "sb"),
    items: given("cm\nC\n)R", ...text("a"), "inner", "s"),
    "many items": given("cm\nC\n)R(", ...text("a"), "inner", "u"),
    appended: given("cm\nC\n)R", "inner", "a"),
    "a set": given(0x8f, "(", "inner", 0x90),
    "a frozen set": given("(", "inner", 0x91),
    "a key": given("}", "inner", "Ns"),
    "a value of a key that is no name": given("}N", "inner", "s"),
  };
  for (const [what, object] of Object.entries(objects)) {
    for (const container of Object.values(CONTAINERS)) {
      const whole = concat(
        opcodes("}", ...text("w")),
        inner,
        opcodes("s", ...text("x")),
        object,
        opcodes("s"),
      );
      assert.deepEqual(Object.keys(await readBits(container(whole))), ["w"], what);
    }
  }
});

Deno.test("an opcode that runs what the stack holds, or builds instances, is refused by its number", async () => {
  for (const opcode of [0x69, 0x6f, 0x82, 0x83, 0x84, 0x50]) { // INST, OBJ, EXT1, 2 and 4, PERSID
    const message = await refusal(legacyContainer(opcodes("(", opcode, "os\nsystem\n")));
    assert.ok(message.includes(`opcode 0x${opcode.toString(16)}`), message);
  }
});

/** A list of lists of lists, of which each holds the one before twice: 2^levels when written out. */
const laughs = (levels: number) =>
  concat(
    opcodes("]q", 0),
    ...Array.from({ length: levels }, (_, i) => opcodes("](h", i, "h", i, "eq", i + 1)),
  );

/** The same of dicts, each of which holds the one before under two names. */
const laughingDicts = (levels: number) =>
  concat(
    opcodes("}q", 0),
    ...Array.from({ length: levels }, (_, i) =>
      opcodes("}(", ...text("a"), "h", i, ...text("b"), "h", i, "uq", i + 1)),
  );

const HOSTILE: Record<string, [pickle: () => Uint8Array, says: RegExp]> = {
  "a list that doubles 60 times, as a global's module": [
    () => concat(laughs(60), opcodes(...text("x"), 0x93)),
    /by something that is no text/,
  ],
  "a dict that doubles 60 times": [() => laughingDicts(60), /more than 32 deep|more than 100000 values/],
  "a dict that doubles 30 times": [() => laughingDicts(30), /more than 100000 values/],
  "a dict that holds itself": [() => opcodes("}q", 0, ...text("a"), "h", 0, "s"), /more than 32 deep/],
  "a dict that is its own state dict": [
    () => opcodes("}q", 0, ...text("state_dict"), "h", 0, "s"),
    /a name of more than 300 characters/,
  ],
  "a list that holds itself": [
    () => opcodes("]q", 0, "h", 0, "a", ...text("x"), 0x93),
    /by something that is no text/,
  ],
  "lists in lists, fifty thousand deep": [
    () => concat(repeat(50_000, "]"), repeat(49_999, "a"), opcodes(...text("x"), 0x93)),
    /by something that is no text/,
  ],
  "two tensors of one name": [
    () =>
      opcodes(
        ...["}", ...text("a.b"), ...TENSOR, "K", 0, ")", ")tRq", 9, "s"],
        ...[...text("a"), "}", ...text("b"), "h", 9, "ss"],
      ),
    /two tensors "a\.b"/,
  ],
  "a tensor with a name of a kilobyte": [
    () => concat(opcodes("}X", 0, 4, 0, 0), repeat(1024, "x"), opcodes(...TENSOR, "K", 0, ")", ")tRs")),
    /a name of more than 300 characters/,
  ],
  "a text of four gigabytes": [() => opcodes("X", 255, 255, 255, 255), /ends before byte/],
  "an integer of 255 bytes as an offset": [
    () => concat(opcodes(...TENSOR, 0x8a, 255), repeat(255, "x"), opcodes(")", ")tR")),
    /in an unknown way/,
  ],
  "an integer of 255 bytes that are not there": [() => opcodes(...TENSOR, 0x8a, 255), /ends before byte/],
  "many dicts made of one large list of pairs": [
    () => {
      const pairs = concat(opcodes("]("), repeat(20_000, "NN", 0x86), opcodes("eq", 0, "0"));
      return concat(pairs, repeat(20_000, "ccollections\nOrderedDict\nh", 0, 0x85, "R"));
    },
    /dicts of more than 100000 pairs/,
  ],
  "many tensors with one shape of ten thousand axes": [
    () => {
      const axes = concat(opcodes("("), repeat(10_000, "K", 1), opcodes("tq", 0, "0"));
      const keep = opcodes(...STORAGE, "q", 1, "0");
      const view = repeat(10_000, "ctorch._utils\n_rebuild_tensor_v2\n(h", 1, "K", 0, "h", 0, "h", 0, "tR");
      return concat(axes, keep, view);
    },
    /a tensor 10000 axes/,
  ],
  "two million empty dicts": [() => repeat(2_000_000, "}"), /more than 150000 opcodes/],
  "as many empty dicts as are allowed": [() => repeat(149_990, "}"), /ends|holds|lacks/],
  "a global with a name of a megabyte": [
    () => concat(opcodes("cos\n"), repeat(1_000_000, "x"), opcodes("\n")),
    /"os\.x+\.\.\."/,
  ],
  "a long name of a global that is put together over and over": [
    () => {
      const name = concat(opcodes("X", 0, 0, 1, 0), repeat(1 << 16, "x"), opcodes("q", 0, "0"));
      return concat(name, repeat(30_000, "h", 0, "h", 0, 0x93, "0"));
    },
    /by more than 500 characters: "x+\.\.\."/,
  ],
  "many objects made of one another": [
    () => concat(opcodes("cm\nC\n)R"), repeat(70_000, ")R"), opcodes("}sb")),
    /empty stack|a mark|no dict/,
  ],
  "bytes that are not there": [
    () => opcodes(0x8e, 255, 255, 255, 255, 255, 255, 255, 255),
    /ends before byte/,
  ],
  "a tensor that is larger than its storage": [
    () => tensor("K", 0, "K", 5, 0x85, "K", 1, 0x85),
    /ends at element 5 of a storage of 4/,
  ],
  "a tensor that begins beyond its storage": [
    () => tensor("K", 5, "K", 1, 0x85, "K", 1, 0x85),
    /ends at element 6 of a storage of 4/,
  ],
  "a tensor of two billion elements in one place": [
    () => tensor("K", 0, "J", 255, 255, 255, 127, 0x85, "K", 0, 0x85),
    /of a storage of 4 elements/,
  ],
  "a negative stride": [
    () => tensor("K", 3, "K", 4, 0x85, "J", 255, 255, 255, 255, 0x85),
    /in an unknown way/,
  ],
  "a negative size": [() => tensor("K", 0, "J", 255, 255, 255, 255, 0x85, "K", 1, 0x85), /in an unknown way/],
  "a fraction of a size": [
    () => tensor("K", 0, "G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x85, "K", 1, 0x85),
    /in an unknown way/,
  ],
  "more strides than axes": [() => tensor("K", 0, "K", 4, 0x85, "K", 1, "K", 1, 0x86), /the strides \[1,1\]/],
  "sizes whose product overflows": [
    () => tensor("K", 0, ...[0x8a, 7, ...HUGE], ...[0x8a, 7, ...HUGE], 0x86, "K", 1, "K", 1, 0x86),
    /ends at element \S+ of a storage of 4/,
  ],
  "a storage in two sizes": [
    () => concat(opcodes(...STORAGE), opcodes(...STORAGE.map((part) => part === 4 ? 8 : part))),
    /the storage "a" in two ways/,
  ],
  "a storage that is a part of another": [
    () => opcodes(...STORAGE.slice(0, -1), ...["(", ...text("b"), "K", 1, "K", 3, "t"], "tQ"),
    /storages that are parts of others/,
  ],
  "a storage of more elements than any file has": [
    () =>
      opcodes(
        ...["}", ...text("w"), "ctorch._utils\n_rebuild_tensor_v2\n(", ...STORAGE.slice(0, -3)],
        ...[0x8a, 7, ...HUGE, "tQ", "K", 0, "K", 4, 0x85, "K", 1, 0x85, 0x89, "}tRs"],
      ),
    /ends at byte \d+ of \d+|has 16 bytes, expected \d+/,
  ],
};

/** 2^52 - 1. */
const HUGE = [255, 255, 255, 255, 255, 255, 15];

for (const [what, [pickle, says]] of Object.entries(HOSTILE)) {
  Deno.test(`refused, soon and in little memory: ${what}`, async () => {
    for (const [name, container] of Object.entries(CONTAINERS)) {
      assert.match(await refusal(container(pickle())), says, name);
    }
  });
}

Deno.test("storages' keys of the older container that are no list of texts, or another's, are refused", async () => {
  const objects = tensor("K", 0, "K", 4, 0x85, "K", 1, 0x85);
  const cases: [Uint8Array, RegExp][] = [
    [concat(opcodes("]"), laughs(60), opcodes("a")), /a storage by something that is no text/],
    [opcodes("]", ...text("b"), "a"), /a storage "b" that no tensor uses/],
    [opcodes("]"), /lacks the storage "a"/],
    [opcodes("}"), /lacks the list of its storages/],
  ];
  for (const [keys, says] of cases) assert.match(await refusal(legacyContainer(objects, keys)), says);
});

Deno.test("a big-endian file says so", async () => {
  const byteorder = { name: "archive/byteorder", data: opcodes("big") };
  const objects = tensor("K", 0, "K", 4, 0x85, "K", 1, 0x85);
  assert.match(await refusal(zipContainer(objects, [byteorder])), /written on a big-endian machine/);
});
