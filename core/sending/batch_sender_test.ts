import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import { BatchSender } from "./batch_sender.ts";
import { ServerAwayError } from "./web_server.ts";

/** A server that is away as long as it is said to be, and what came of it. */
class Server {
  readonly got: number[] = [];
  readonly told: string[] = [];
  tries = 0;
  problem: Error | null = null;

  sender(more: { mostWaiting?: number } = {}): BatchSender<number> {
    return new BatchSender<number>({
      ...{ server: "The server", atOnce: 4, mostWaiting: 10, everySeconds: 0.01, retrySeconds: [0.01, 0.04] },
      ...more,
      log: (message) => void this.told.push(message),
      send: (records) => {
        this.tries++;
        if (this.problem) return Promise.reject(this.problem);
        this.got.push(...records);
        return Promise.resolve();
      },
    });
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

Deno.test("records arrive in batches and in order", async () => {
  const server = new Server();
  using sender = server.sender();
  for (const i of range(1, 9)) sender.add(i);
  await sender.close(1);
  assert.deepEqual([server.got, server.tries, server.told], [range(1, 9), 3, []]);
});

Deno.test("a server that is away costs bounded memory, and is told of once; then it is back", async () => {
  const server = new Server();
  using sender = server.sender();
  server.problem = new ServerAwayError("no answer");
  for (const i of range(1, 25)) {
    sender.add(i);
    await sleep(5);
  }
  assert.ok(server.tries > 2 && server.tries < 15, `${server.tries} tries, with ever longer waits`);
  server.problem = null;
  await sender.close(1);
  assert.deepEqual(server.got, range(16, 25), "the newest ten");
  assert.deepEqual(server.told, [
    "The server is away (no answer): the run goes on, and up to 10 records wait for it",
    "The server is back; 15 records are lost",
    "The server did not get 15 records; metrics.jsonl has all figures",
  ]);
});

Deno.test("a server that stays away is waited for in bounds, and what it did not get is counted", async () => {
  const server = new Server(), start = performance.now();
  using sender = server.sender();
  server.problem = new ServerAwayError("no answer");
  for (const i of range(1, 3)) sender.add(i);
  await sender.close(0.1);
  assert.ok(performance.now() - start < 2000);
  assert.equal(server.told.at(-1), "The server did not get 3 records; metrics.jsonl has all figures");
});

Deno.test("a server that never answers, and one that is slow, are waited for in bounds", async () => {
  const told: string[] = [],
    options = { server: "The server", atOnce: 4, mostWaiting: 100, everySeconds: 0.01 };
  const closed = async (send: (records: readonly number[], signal: AbortSignal) => Promise<void>) => {
    using sender = new BatchSender<number>({ ...options, log: (message) => void told.push(message), send });
    for (const i of range(1, 100)) sender.add(i);
    await sleep(50); // some are on their way
    const start = performance.now();
    await sender.close(0.2);
    assert.ok(performance.now() - start < 5000);
  };
  await closed((_records, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }))
  );
  assert.deepEqual(told, ["The server did not get 100 records; metrics.jsonl has all figures"]);
  await closed(() => sleep(20));
  assert.match(told.at(-1)!, /^The server did not get [1-9]\d? records;/);
});

Deno.test("what a server refuses is thrown by the next record, or at the end, and once", async () => {
  const server = new Server(), refused = new RunError("400");
  server.problem = refused;
  using sender = server.sender();
  sender.add(1);
  await sleep(60);
  assert.throws(() => sender.add(2), refused);
  await sender.close(1);
  assert.equal(server.tries, 1);
  using another = server.sender();
  another.add(1);
  await assert.rejects(another.close(1), refused);
});
