import assert from "node:assert/strict";
import { tf } from "@seed/core";
import { openXla } from "../../../../tests/support/xla_engine.ts";
import { testWithXla } from "../../../../tests/support/xla_plugin.ts";

/** Opens an engine, and calls a function of one program. Returns what it gave and what was said. */
async function once(folder: string, options: { keepFrom?: number; factor?: number; devices?: number } = {}) {
  const { keepFrom = 0, factor = 2, devices = 1 } = options, said: string[] = [];
  await using engine = await openXla({
    devices,
    programs: { folder, log: (line) => said.push(line), keepFrom },
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
