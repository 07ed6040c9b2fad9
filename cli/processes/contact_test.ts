import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Contact, FirstLostError, silenceOf } from "./contact.ts";

Deno.test("a loss of contact ends who waits and who will; the first is told, and what has come is given", async () => {
  const contact = new Contact(), never = new Promise<void>(() => {});
  const waits = [contact.race(never), contact.race(never)];
  assert.equal(await contact.race(Promise.resolve(3)), 3);
  await assert.rejects(contact.race(Promise.reject(new Error("its own"))), { message: "its own" });
  contact.lose(new Error("gone"));
  contact.lose(new Error("gone once more"));
  for (const wait of [...waits, contact.race(never)]) await assert.rejects(wait, { message: "gone" });
  assert.equal(await contact.race(Promise.resolve(4)), 4);
});

Deno.test("a wait that is over leaves nothing in memory", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void, contact = new Contact(), count = 100_000;
  collect();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) await contact.race(Promise.resolve());
  collect();
  const each = (Deno.memoryUsage().heapUsed - before) / count;
  assert.ok(each < 10, `${each} bytes of each wait are left`);
  contact.lose(new Error("gone")); // until here it is in use
});

Deno.test("a silence of the first process is a loss of its own kind: it can tell nothing any more", () => {
  assert.ok(silenceOf(0, "a") instanceof FirstLostError);
  assert.ok(!(silenceOf(1, undefined) instanceof FirstLostError));
  assert.match(silenceOf(1, undefined).message, /^Process 1 does not answer: it was stopped, /);
});
