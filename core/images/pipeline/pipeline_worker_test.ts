import assert from "node:assert/strict";
import type { WorkerReply } from "./messages.ts";
import { PipelineWorker, type Task, taskOf } from "./pipeline_worker.ts";

/** Runs a test with a worker that says what it is told to. */
function withFakeWorker(
  test: (started: () => { die(): void; reply(reply: WorkerReply): void }) => void,
): void {
  const { Worker } = globalThis, fakes: Worker[] = [];
  class Fake {
    constructor() {
      fakes.push(this as unknown as Worker);
    }
    postMessage() {}
  }
  Object.assign(globalThis, { Worker: Fake });
  try {
    test(() => {
      const fake = fakes.at(-1)!;
      return {
        die: () => fake.onerror!(new ErrorEvent("error", { message: "out of memory" })),
        reply: (data) => fake.onmessage!(new MessageEvent("message", { data })),
      };
    });
  } finally {
    Object.assign(globalThis, { Worker });
  }
}

Deno.test("what a worker said before its death, and comes after it, is of no account", () =>
  withFakeWorker((started) => {
    const left: Task[] = [], free: string[] = [];
    const worker = new PipelineWorker({
      onFree: () => free.push("free"),
      onDeath: (_error, tasks) => left.push(...tasks),
      onStuck() {},
      onWornOut() {},
      onLog() {},
    });
    worker.start({ kind: "start", augmenters: [], seed: 0, base: "/" }).catch(() => {}); // it dies
    const image = { name: "one", file: "one.png" }, target = new SharedArrayBuffer(3);
    const task = taskOf({ image, key: null, augmenter: 0, size: 1, target, offset: 0 });
    worker.make(task);
    const { die, reply } = started();
    die();
    reply({ kind: "done", id: 0, isBloated: false });
    assert.deepEqual(left, [task]);
    assert.deepEqual(free, [], "a dead worker takes nothing");
  }));
