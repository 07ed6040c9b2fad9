import assert from "node:assert/strict";
import { join } from "node:path";
import {
  isTemporary,
  removeLeftovers,
  writeAtomically,
  writeAtomicallySync,
  writeTextAtomically,
} from "./atomic_file.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-atomic-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();

Deno.test("writeAtomically() writes chunk after chunk, and replaces what was there", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeAtomically(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    assert.deepEqual(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
    await writeTextAtomically(path, "täxt");
    assert.equal(await Deno.readTextFile(path), "täxt");
    assert.deepEqual(await names(folder), ["file"]);
  }));

Deno.test("a source that fails leaves the old file, and nothing beside it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeTextAtomically(path, "old");
    await assert.rejects(
      writeAtomically(
        path,
        (function* () {
          yield Uint8Array.of(1);
          throw new Error("the source broke");
        })(),
      ),
      /the source broke/,
    );
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(await names(folder), ["file"]);
  }));

Deno.test("a process that is killed while it writes leaves the old file whole", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeTextAtomically(path, "old");
    const program = `
      import { writeAtomically } from ${JSON.stringify(import.meta.resolve("./atomic_file.ts"))};
      async function* chunks() {
        yield new Uint8Array(100_000);
        console.log("half");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }
      await writeAtomically(${JSON.stringify(path)}, chunks());`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read(); // half of it is written
    child.kill("SIGKILL");
    await reader.cancel();
    assert.equal((await child.status).signal, "SIGKILL");
    assert.equal(await Deno.readTextFile(path), "old");
    const left = (await names(folder)).filter((name) => name !== "file");
    assert.deepEqual(left.map(isTemporary), [true], "what is left can be told from the rest");
  }));

Deno.test("of writers at the same time one wins, whole", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    async function* slowly(value: number) {
      for (let i = 0; i < 20; i++) {
        yield new Uint8Array(1000).fill(value);
        await new Promise((resolve) => setTimeout(resolve, i % 3));
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, i) => writeAtomically(path, slowly(i + 1))));
    const bytes = await Deno.readFile(path);
    assert.equal(bytes.length, 20_000);
    assert.ok(bytes[0] >= 1 && bytes.every((byte) => byte === bytes[0]));
    assert.deepEqual(await names(folder), ["file"]);
  }));

Deno.test("isTemporary() knows only names that are made while writing", () => {
  for (const ending of ["123-4", "123-00ff00ff00ff00ff"]) {
    assert.ok(isTemporary(`step-0000007.safetensors.${ending}.tmp`)); // the first is of earlier versions
  }
  for (const name of ["step-0000007.safetensors", "notes.tmp", "recipe.yaml"]) assert.ok(!isTemporary(name));
});

Deno.test("a temporary name cannot be guessed, and what has it already is never opened: no link leads elsewhere", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file"), victim = join(folder, "victim"), random = crypto.getRandomValues;
    await Deno.writeTextFile(victim, "untouched");
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      await writeAtomically(
        path,
        (async function* () {
          for (const name of await names(folder)) if (isTemporary(name)) seen.add(name);
          yield Uint8Array.of(1);
        })(),
      );
    }
    assert.equal(seen.size, 3, "names do not come again");
    try {
      // Whoever could guess the name all the same.
      crypto.getRandomValues = (array) => array;
      await Deno.symlink(victim, `${path}.${Deno.pid}-0000000000000000.tmp`);
      await assert.rejects(writeTextAtomically(path, "new"), Deno.errors.AlreadyExists);
      assert.throws(() => writeAtomicallySync(path, Uint8Array.of(2)), Deno.errors.AlreadyExists);
    } finally {
      crypto.getRandomValues = random;
    }
    assert.deepEqual(await names(folder), ["file", `file.${Deno.pid}-0000000000000000.tmp`, "victim"]);
    assert.equal(await Deno.readTextFile(victim), "untouched");
  }));

Deno.test("leftovers go: all where nobody else writes, elsewhere those that nobody has touched for a day", () =>
  inFolder(async (folder) => {
    const old = "file.1-0123456789abcdef.tmp", fresh = "file.2-0123456789abcdef.tmp";
    for (const name of ["file", old, fresh]) await Deno.writeTextFile(join(folder, name), "");
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    for (const name of ["file", old]) await Deno.utime(join(folder, name), yesterday, yesterday);
    await removeLeftovers(folder, false);
    assert.deepEqual(await names(folder), ["file", fresh]);
    await removeLeftovers(folder, true);
    assert.deepEqual(await names(folder), ["file"]);
  }));
