import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { RunError } from "../errors.ts";
import { SafetensorsFile, writeSafetensors } from "../weights/safetensors.ts";
import { requireNewestWhole } from "./checkpoints.ts";
import { RunFolder } from "./run_folder.ts";

/** A run with checkpoints of some steps. */
async function withCheckpoints(steps: number[], test: (run: RunFolder) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "seed checkpoints-" }), run = new RunFolder(path);
  try {
    await Deno.mkdir(run.file("checkpoints"));
    for (const step of steps) await write(run.checkpointFile(step), step);
    await test(run);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function write(path: string, step: number, checksum = true): Promise<void> {
  const tensors = [
    { name: "student.w", shape: [2, 3], data: Float32Array.of(1, -2, 0.5, step, 0, 3) },
    { name: "queue.pointer", shape: [], data: Int32Array.of(step) },
  ];
  await writeSafetensors(path, tensors, { step: `${step}`, epoch: "1", seed: "0", teacher: "none" }, {
    checksum,
  });
}

async function flip(path: string, byte: number, bit: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[byte] ^= 1 << bit;
  await Deno.writeFile(path, bytes);
}

const refused = (run: RunFolder, says: RegExp) =>
  assert.rejects(requireNewestWhole(run), (error: Error) => {
    assert.ok(error instanceof RunError, `${error.stack}`);
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /fetch|export/);
    return true;
  });

Deno.test("whatever bit of a checkpoint is another one than was written, it is found", () =>
  withCheckpoints([7, 14], async (run) => {
    await requireNewestWhole(run);
    const path = run.checkpointFile(14), { size } = await Deno.stat(path);
    for (let byte = 0; byte < size; byte++) {
      await flip(path, byte, byte % 8);
      await refused(run, /^The newest checkpoint is damaged: [^]*That of step 7 is whole/);
      await flip(path, byte, byte % 8);
    }
    await requireNewestWhole(run);
    for (const length of [0, 7, 100, size - 1]) {
      await write(path, 14);
      await Deno.truncate(path, length);
      await refused(run, /^The newest checkpoint is damaged: [^]*That of step 7 is whole/);
    }
  }));

Deno.test("what to delete to go on is told as a command; of several damaged ones all", () =>
  withCheckpoints([0, 7, 14, 21], async (run) => {
    for (const step of [14, 21]) await Deno.truncate(run.checkpointFile(step), 99);
    await refused(run, /To go on from there, delete what is newer, and resume again:\n {4}rm /);
    const { message } = await requireNewestWhole(run).catch((error) => error);
    const command = message.split("\n").at(-1).trim();
    assert.equal((await new Deno.Command("sh", { args: ["-c", command] }).output()).code, 0);
    assert.deepEqual(await run.checkpointSteps(), [0, 7]);
    await requireNewestWhole(run);
  }));

Deno.test("without a whole one before it a new run is advised", () =>
  withCheckpoints([3], async (run) => {
    await flip(run.checkpointFile(3), (await Deno.stat(run.checkpointFile(3))).size - 1, 0);
    await refused(
      run,
      /The values in ".*" are not those that were written[^]*There is none before it that is whole; start/,
    );
  }));

Deno.test("checkpoints of earlier versions, which have no checksum, are taken; the checksum is CRC-32 of the values", () =>
  withCheckpoints([3], async (run) => {
    const path = run.checkpointFile(3);
    using file = await SafetensorsFile.open(path);
    const values = (await Deno.readFile(path)).slice(-(6 * 4 + 4));
    assert.equal(file.metadata.values_crc32, crc32(values).toString(16).padStart(8, "0"));
    await write(path, 3, false);
    await requireNewestWhole(run);
  }));
