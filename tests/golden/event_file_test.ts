/** TensorBoard's event files: written byte for byte as TensorBoard's own messages and writer make them. */
import assert from "node:assert/strict";
import type { Logger, RunDescription } from "@seed/core";
import { TensorBoardLogger } from "@seed/logger-tensorboard";
import { EventFile } from "../../plugins/loggers/tensorboard/event_file.ts";
import golden from "./event_file.json" with { type: "json" };

const python = Deno.env.get("SEED_PEER_PYTHON");

/** Whether the Python that a variable names has TensorBoard. */
const hasTensorBoard = python !== undefined &&
  (await new Deno.Command(python, { args: ["-c", "import tensorboard"], stderr: "null" }).output()).success;

async function inFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-events-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A second an event, from a quarter past a thousand. */
function clock(): () => number {
  let seconds = 999.25, asked = 0;
  return () => asked++ ? ++seconds : 1000; // first for the file's name
}

const figures = (value: number) => ({ knn: { top1: value }, retrieval: { top1: value / 2 } });

/** The run that `event_file.py` tells of, from after `startStep` up to `end`. */
function follow(logger: Logger, startStep: number, end: number): void {
  const run = { startStep, settings: { seed: 0, train: { lr: 0.1 } }, facts: { device: "cpu" } };
  logger.start!(run as unknown as RunDescription);
  const evaluate = (step: number) =>
    logger.evaluation!({ step, epoch: step / 2, network: "student", evaluation: figures((step - 1) / 4) });
  if (startStep > 0) evaluate(startStep);
  for (let step = startStep + 1; step <= end; step++) {
    const record = { step, epoch: step / 2, loss: 3 / step, lr: 0.1, images_per_second: 100 };
    const terms = { losses: { seed: 2 / step, moco: 1 / step }, metrics: { agreement: 0.5 } };
    const timing = { seconds: 0.5, dataWaitSeconds: 0.125, secondsLeft: null };
    logger.step!({ ...record, gradient_norm: 2 / step, ...terms }, timing);
    if (step % 2 === 0) evaluate(step);
  }
  logger[Symbol.dispose]!();
}

const filesOf = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).sort();

Deno.test("an event file has the bytes that TensorBoard's own writer gives the same events", () =>
  inFolder((folder) => {
    follow(new TensorBoardLogger(folder, 1, clock()), 2, 4);
    const [path] = filesOf(folder), expected = new URL("./event_file.tfevents", import.meta.url);
    assert.match(path, /\/events\.out\.tfevents\.0000001000\./);
    assert.deepEqual(Deno.readFileSync(path), Deno.readFileSync(expected));
    // And that file is read by TensorBoard as it is meant.
    const { "train/loss": loss, "evaluation/knn/top1/student": top1 } = golden.read.scalars;
    assert.deepEqual(loss, [[1004.25, 3, 1], [1005.25, 4, 0.75]]);
    assert.deepEqual(top1, [[1003.25, 2, 0.25], [1006.25, 4, 0.75]]);
    assert.deepEqual(golden.read.texts.recipe, [[2, "    seed: 0\n    train:\n      lr: 0.1"]]);
  }));

Deno.test("a picture has the bytes that TensorBoard's own writer gives it", () =>
  inFolder((folder) => {
    {
      using file = EventFile.create(folder, clock());
      const png = Uint8Array.fromBase64(golden.picture.png);
      file.add({ step: 0, values: [{ tag: "pictures/views", picture: { width: 3, height: 2, png } }] });
    }
    assert.equal(Deno.readFileSync(filesOf(folder)[0]).toBase64(), golden.picture.file);
  }));

const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1]).Reload()
print(json.dumps({tag: [[e.step, e.value] for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}))
`;

Deno.test({
  name: "TensorBoard reads a run that broke off and was resumed as a whole one" +
    (hasTensorBoard ? "" : " (ignored: SEED_PEER_PYTHON names no Python with tensorboard)"),
  ignore: !hasTensorBoard,
  fn: () =>
    inFolder(async (folder) => {
      let seconds = 1000;
      const logger = () => new TensorBoardLogger(folder, 1, () => seconds);
      for (const [startStep, end] of [[0, 3], [2, 5], [4, 6]]) {
        seconds += 10;
        follow(logger(), startStep, end);
        // A process that is killed leaves half a record.
        Deno.writeFileSync(filesOf(folder).at(-1)!, new Uint8Array(7), { append: true });
      }
      const { stdout, stderr, success } = await new Deno.Command(python!, { args: ["-c", READ, folder] })
        .output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const read = JSON.parse(new TextDecoder().decode(stdout));
      assert.deepEqual(
        read["train/gradient_norm"],
        [1, 2, 3, 4, 5, 6].map((step) => [step, Math.fround(2 / step)]),
      );
      assert.deepEqual(read["evaluation/knn/top1/student"], [[2, 0.25], [4, 0.75], [6, 1.25]]);
    }),
});
