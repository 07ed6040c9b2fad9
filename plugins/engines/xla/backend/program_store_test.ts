import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { openXla } from "../../../../tests/support/xla_engine.ts";
import { testWithXla } from "../../../../tests/support/xla_plugin.ts";
import { cacheSize } from "./cache_size.ts";

/** Opens an engine, and calls a function of one program. Returns what it gave and what was said. */
async function once(
  folder: string,
  options: { keepFrom?: number; factor?: number; devices?: number; most?: number; patience?: number } = {},
) {
  const { keepFrom = 0, factor = 2, devices = 1, most, patience } = options, said: string[] = [];
  await using engine = await openXla({
    devices,
    programs: { folder, log: (line) => said.push(line), keepFrom, most, patience },
  });
  const { client } = engine.backend, compile = client.compile.bind(client);
  let compiled = 0;
  client.compile = (text) => (compiled++, compile(text));
  using scaled = engine.trace((x) => [tf.mul(x, factor)], { name: "scaled" });
  const x = tf.tensor1d([1, 2, 3]), [y] = await scaled.call(x), values = [...y.dataSync()];
  tf.dispose([x, y]);
  return { compiled, said, values };
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-xla-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const filesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`);

testWithXla(
  "a compiled program is kept, and another text, other devices and what compiles fast are apart",
  () =>
    inFolder(async (folder) => {
      const kept = `${folder}/programs`;
      assert.deepEqual(await once(kept), { compiled: 1, said: [], values: [2, 4, 6] });
      assert.deepEqual(await once(kept), { compiled: 0, said: [], values: [2, 4, 6] });
      assert.deepEqual(await once(kept, { factor: 3 }), { compiled: 1, said: [], values: [3, 6, 9] });
      assert.equal((await once(kept, { devices: 3 })).compiled, 1);
      assert.equal((await once(kept, { devices: 3 })).compiled, 0);
      assert.equal(filesIn(kept).length, 3);
      assert.equal((await once(kept, { factor: 4, keepFrom: 60 })).compiled, 1);
      assert.equal(filesIn(kept).length, 3);
    }),
);

testWithXla(
  "a damaged program is compiled anew, which is said, and takes the place of the damaged one",
  () =>
    inFolder(async (folder) => {
      await once(folder);
      const [file] = filesIn(folder), whole = await Deno.readFile(file);
      const turned = whole.slice();
      turned[turned.length >> 1] ^= 1;
      for (
        const damaged of [
          turned,
          whole.subarray(0, whole.length - 5),
          whole.subarray(0, 10),
          new Uint8Array(),
        ]
      ) {
        await Deno.writeFile(file, damaged);
        const { compiled, said, values } = await once(folder);
        assert.deepEqual([compiled, values, said.length], [1, [2, 4, 6], 1]);
        assert.match(said[0], /compiled program "[^"]*\.xla" is damaged: XLA compiles "scaled" anew/);
        assert.equal((await once(folder)).compiled, 0, "it is whole again");
      }
    }),
);

testWithXla(
  "a program that is whole but not the plugin's is compiled anew, with XLA's reason",
  () =>
    inFolder(async (folder) => {
      await once(folder);
      const [file] = filesIn(folder), nonsense = new TextEncoder().encode("nonsense");
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", nonsense));
      await Deno.writeFile(file, new Uint8Array([...hash, ...nonsense]));
      const { compiled, said } = await once(folder);
      assert.equal(compiled, 1);
      assert.match(said[0], /cannot be loaded \(XLA says \(PJRT_Executable_DeserializeAndLoad\)/);
    }),
);

testWithXla("a program that cannot be kept runs, and it is said why", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { compiled, said, values } = await once(`${folder}/file/programs`);
    assert.deepEqual([compiled, values, said.length], [1, [2, 4, 6], 1]);
    assert.match(said[0], /The compiled program of "scaled" is not kept: Cannot write in the cache folder/);
  }));

testWithXla(
  "programs are kept up to a bound, and those used longest ago go",
  () =>
    inFolder(async (folder) => {
      const compiled = async (factor: number, most?: number) =>
        (await once(folder, { factor, most })).compiled;
      assert.equal(await compiled(2), 1);
      const [{ size }] = filesIn(folder).map((file) => Deno.statSync(file)), most = 2.5 * size;
      const next = () => new Promise((resolve) => setTimeout(resolve, 20)); // as far apart as times of files are told
      await next();
      assert.equal(await compiled(3, most), 1);
      await next();
      assert.equal(await compiled(2, most), 0, "which is used again");
      await next();
      assert.equal(await compiled(4, most), 1);
      assert.equal(filesIn(folder).length, 2);
      assert.deepEqual([await compiled(2, most), await compiled(4, most)], [0, 0]);
      assert.equal(await compiled(3, most), 1);
      const { said, values } = await once(folder, { factor: 5, most: size - 100 });
      assert.match(said.join(), /program of "scaled" is not kept: it has \d+ bytes, and all may have \d+$/);
      assert.deepEqual(values, [5, 10, 15]);
    }),
);

testWithXla(
  "what is compiled is said when it takes long, and how long it took",
  () =>
    inFolder(async (folder) => {
      const { said } = await once(folder, { patience: 0 });
      assert.equal(said.length, 2);
      assert.match(said[0], /^XLA compiles "scaled"; later starts take it from ".*"$/);
      assert.match(said[1], /^XLA has compiled "scaled" in /);
      assert.deepEqual((await once(folder, { patience: 0 })).said, [], "what is kept is not compiled");
    }),
);

Deno.test("how much is kept is a variable's to say", () => {
  assert.deepEqual(["0", "0.5", "", undefined].map((value) => cacheSize(value)), [0, 5e8, 4e9, 4e9]);
  for (const value of ["4 GB", "-1", "Infinity"]) {
    assert.throws(
      () => cacheSize(value),
      /^RunError: SEED_XLA_CACHE_GB is ".*", expected a number of GB, 0 or more/,
    );
  }
});
