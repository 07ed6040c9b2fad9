import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError, tf } from "@seed/core";
import { compileLibrary, testWithCompiler } from "../../../../tests/support/c_compiler.ts";
import { openXla } from "../../../../tests/support/xla_engine.ts";
import { cpuPlugin, testWithXla } from "../../../../tests/support/xla_plugin.ts";
import { PjrtApi, PjrtError } from "./api.ts";
import { Client } from "./client.ts";
import { explainMemory, type MemoryFacts } from "./out_of_memory.ts";

const EXHAUSTED = 8, INTERNAL = 13;
/** Elements of more bytes than a process has addresses for. */
const HUGE = 2 ** 46;

const card: MemoryFacts = {
  ...{ platform: "cuda", deviceKind: "NVIDIA A100", devices: [0n], memoryFraction: null },
  memory: () => ({ used: 58.2e9, peak: null, limit: 60e9 }),
};

function messageOf(
  client: MemoryFacts,
  reason = "Out of memory while trying to allocate 9.1GiB.\nBuffers:\n ...",
): string {
  const explained = explainMemory(
    new PjrtError("PJRT_Execute", reason, EXHAUSTED),
    client,
    'run "training step"',
  );
  assert.ok(explained instanceof RunError);
  return explained.message;
}

Deno.test("want of memory is told with what was asked, the device, its memory and what to do", () => {
  assert.equal(
    messageOf(card),
    'There is not enough memory to run "training step" on 1 NVIDIA A100 (60.0 GB for programs, 58.2 GB in use). XLA says: ' +
      "Out of memory while trying to allocate 9.1GiB. Take a smaller train.batch_size, or a larger train.accumulate, " +
      "which runs the batch in more parts; train.precision and teacher.precision auto or bf16; more cards by " +
      "engine.devices (now 1); or more of a card's memory by engine.memory_fraction (now 0.75), if nothing else uses it",
  );
  const two = messageOf({ ...card, devices: [0n, 1n], memoryFraction: 0.9 });
  assert.match(two, /on 2 NVIDIA A100 \(each with 60\.0 GB .* \(now 2\).* \(now 0\.9\)/);
});

Deno.test("want of memory is told without what a plugin does not count, and in one safe line", () => {
  assert.match(messageOf({ ...card, memory: () => null }), /on 1 NVIDIA A100\. XLA says/);
  const refuses = () => {
    throw new PjrtError("PJRT_Device_MemoryStats", "no", INTERNAL);
  };
  assert.match(messageOf({ ...card, memory: refuses }), /on 1 NVIDIA A100\. XLA says/);
  const long = messageOf(card, `\x1b[2J${"x".repeat(10_000)}`);
  assert.ok(long.length < 1000 && !long.includes("\x1b"));
  assert.doesNotMatch(messageOf({ ...card, platform: "cpu" }), /memory_fraction|engine\.devices/);
});

Deno.test("other errors stay as they are", () => {
  for (
    const error of [new PjrtError("PJRT_Execute", "No such device", INTERNAL), new Error("Out of memory")]
  ) {
    assert.equal(explainMemory(error, card, "run"), error);
  }
});

testWithXla(
  "XLA's own want of memory is told at a run, an upload, an operation, and a compilation",
  async () => {
    await using engine = await openXla();
    const { backend } = engine,
      side = Math.sqrt(HUGE),
      x = tf.ones([side, 1]),
      row = tf.ones([1, side]),
      { numTensors } = tf.memory();
    const told = (doing: string) =>
      new RegExp(`^RunError: There is not enough memory to ${doing} on this processor \\(1 `);

    // A call ends when its program has begun: XLA says it then, or to whoever reads a result.
    using traced = engine.trace((x, row) => [tf.add(x, row), tf.sum(x)], { name: "huge" });
    const ran = async () => {
      const results = await traced.call(x, row);
      try {
        await results[1].data();
      } finally {
        tf.dispose(results);
      }
    };
    await assert.rejects(ran(), (error: Error) => {
      assert.match(`${error}`, told('run "huge"'));
      assert.match(
        error.message,
        /XLA says: .*Out of memory allocating \d+ bytes\. Take a smaller train\.batch_size/,
      );
      return error instanceof RunError;
    });
    assert.throws(
      () => backend.place(Float32Array.of(1), [HUGE], "f32", "whole"),
      told(`hold values of shape \\[${HUGE}\\]`),
    );
    // XLA says it at once, or to whoever reads the result.
    const read = () => tf.tidy(() => tf.sum(tf.add(x, row)).dataSync());
    assert.throws(read, told("compute (the operation Add|a tensor)"));

    backend.client.compile = () => Promise.reject(new PjrtError("PJRT_Client_Compile", "No room", EXHAUSTED));
    using other = engine.trace((x) => [tf.add(x, x)], { name: "other" });
    await assert.rejects(other.call(x), told('compile "other"'));
    assert.equal(tf.memory().numTensors, numTensors);
    x.dispose();
  },
);

testWithXla("a processor cannot be given a part of its memory, by an old and a new plugin", async () => {
  for (const which of ["newer", "older"] as const) {
    const api = PjrtApi.load(await cpuPlugin(which));
    assert.throws(() => Client.open(api, 1, 0.5), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        /asks for engine\.memory_fraction, .* plugin ".*\.so" cannot give: .*; leave it out$/,
      );
      return true;
    });
  }
});

testWithCompiler("a card gives the part of its memory that is asked for, else XLA's own", async (folder) => {
  const file = join(folder, "card.so");
  await compileLibrary("fake_card.c", file);
  const api = PjrtApi.load(file);
  for (const [fraction, limit] of [[0.5, 40e9], [null, 60e9]] as const) {
    using client = Client.open(api, "all", fraction);
    assert.equal(client.platform, "cuda");
    assert.deepEqual(client.memory(), { used: 1000, peak: null, limit });
    assert.match(messageOf(client), /on 2 Fake Card \(each with \d0\.0 GB for programs, 0\.0 GB in use\)/);
    assert.match(messageOf(client), new RegExp(`memory_fraction \\(now ${fraction ?? "0\\.75"}\\)`));
  }
});

testWithCompiler(
  "a card whose memory others have taken is told so when the engine starts",
  async (folder) => {
    const file = join(folder, "full.so");
    await compileLibrary("fake_card.c", file, "-DFULL");
    assert.throws(
      () => Client.open(PjrtApi.load(file), "all"),
      /full\.so" does not start: .* CUDA_ERROR_OUT_OF_MEMORY; end what else uses the device's memory, or set engine\.mem/,
    );
  },
);
