import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { WriteError } from "../files/writing.ts";
import { BrokenImageError } from "../images/broken_image_error.ts";
import { NotFiniteError } from "../training/not_finite.ts";
import { BrokenStepError } from "./loop.ts";
import { StateKeeper } from "./state_keeper.ts";

/** A keeper whose newest checkpoint is of step 4; what it does, in order. */
async function withKeeper(
  test: (keeper: StateKeeper, did: string[], fileOf: (step: number) => string) => Promise<void>,
  saving: () => void = () => {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-keeper-" }), did: string[] = [];
  const fileOf = (step: number) => join(folder, `${step}`);
  const save = (step: number) => {
    did.push(`save ${step}`);
    saving();
    return Deno.writeTextFile(fileOf(step), "");
  };
  try {
    await Deno.writeTextFile(fileOf(4), "");
    await test(new StateKeeper({ fileOf, save }, { sync: () => void did.push("sync") }, 4), did, fileOf);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const messageOf = (error: unknown) => (error as Error).message;

Deno.test("metrics reach the disk before the checkpoint that follows them", () =>
  withKeeper(async (keeper, did) => {
    await keeper.save(4); // is there
    await keeper.save(6);
    assert.deepEqual(did, ["sync", "save 6"]);
  }));

Deno.test("whatever ends a run, what was done is kept, and the error stays of its kind", () =>
  withKeeper(async (keeper, did, fileOf) => {
    const cause = new RunError("No connection"), told = await keeper.keep(cause, 7);
    assert.deepEqual(did, ["sync", "save 7"]);
    assert.ok(told instanceof RunError && told.cause === cause);
    assert.equal(
      told.message,
      `No connection. The state after step 7 is kept in "${fileOf(7)}"; --resume goes on from it`,
    );
    const defect = await keeper.keep(new TypeError("a defect"), 7);
    assert.ok(!(defect instanceof RunError), "a defect keeps its trace");
    const both = new SuppressedError(new Error("at the end"), cause, "both") as SuppressedError;
    const { error, suppressed } = await keeper.keep(both, 7) as SuppressedError;
    assert.equal(error.message, "at the end");
    assert.match(suppressed.message, /^No connection\. The state after step 7/);
  }));

Deno.test("a step that broke off, or what could not be written, is not kept", () =>
  withKeeper(async (keeper, did, fileOf) => {
    const broken = await keeper.keep(new BrokenStepError(new RunError("Out of memory")), 6);
    assert.match(messageOf(broken), /^Out of memory\. The state after step 4 is kept/);
    const full = await keeper.keep(new WriteError('Cannot write "metrics.jsonl": No space left'), 6);
    assert.ok(full instanceof WriteError);
    assert.match(messageOf(full), /No space left\. Make room, .*\. The state after step 4 is kept/);
    assert.deepEqual(did, []);
    await Deno.remove(fileOf(4));
    const gone = await keeper.keep(new WriteError('Cannot write "metrics.jsonl": No such file'), 6);
    assert.match(messageOf(gone), /The state after step 4 was kept in ".*", which is there no more$/);
  }));

Deno.test("what was thrown first decides, also where something failed at the end besides", () =>
  withKeeper(async (keeper, did) => {
    const kept = async (first: Error) => {
      const atEnd = new SuppressedError(new Error("at the end"), first);
      const outer = await keeper.keep(new SuppressedError(new Error("later"), atEnd), 6) as SuppressedError;
      assert.equal(outer.error.message, "later");
      assert.equal(outer.suppressed.error.message, "at the end");
      return outer.suppressed.suppressed;
    };
    const broken = await kept(new BrokenStepError(new RunError("Out of memory")));
    assert.match(messageOf(broken), /^Out of memory\. The state after step 4 is kept/);
    const full = await kept(new WriteError('Cannot write "metrics.jsonl": No space left'));
    assert.match(messageOf(full), /No space left\. Make room, .*\. The state after step 4 is kept/);
    assert.deepEqual(did, []);
    const notFinite = await kept(new NotFiniteError("The loss is NaN", "lower train.lr"));
    assert.match(
      messageOf(notFinite),
      /^Step 7 .* is NaN\. Lower train\.lr\. The state after step 6 is kept/,
    );
  }));

Deno.test("if the state cannot be kept either, both are told", () =>
  withKeeper(
    async (keeper, did) => {
      const told = messageOf(await keeper.keep(new RunError("No connection"), 6));
      assert.match(
        told,
        /^No connection\. The state after step 6 could not be kept: No room\. The state after step 4 is kept/,
      );
      assert.deepEqual(did, ["sync", "save 6"]);
    },
    () => {
      throw new WriteError("No room");
    },
  ));

Deno.test("what the user can do is told", () =>
  withKeeper(async (keeper, _did, fileOf) => {
    const there = { name: "a.jpg", file: fileOf(4) }, gone = { name: "a.jpg", file: fileOf(5) };
    const cases: [Error, RegExp][] = [
      [
        BrokenImageError.of(there, "damaged"),
        /damaged\. It lies in ".*"\. Put it right, or set data\.on_error: skip/,
      ],
      [
        BrokenImageError.of(gone, "gone"),
        /\. Put it back; or put an empty file in its place, .* data\.on_error: skip/,
      ],
      [
        new NotFiniteError("The loss is NaN", "lower train.lr"),
        /^Step 5 .* is NaN\. Lower train\.lr\. The state/,
      ],
    ];
    for (const [error, says] of cases) assert.match(messageOf(await keeper.keep(error, 4)), says);
  }));
