import assert from "node:assert/strict";
import { type RunDescription, StatusLine } from "@seed/core";
import { TerminalLogger } from "./mod.ts";

const RUN = {
  ...{
    recipe: "demo.yaml",
    directory: "runs/demo",
    engine: "eager 1",
    device: "cpu",
    teacher: null,
    student: "tiny",
  },
  ...{ images: 40, stepsPerEpoch: 4, steps: 8, startStep: 0, settings: {}, facts: {} },
} satisfies RunDescription;

/** What a terminal gets, or a file, of a run in which a message arrives between two steps. */
function written(isTerminal: boolean, run: RunDescription = RUN, columns: number | null = null): string[] {
  const written: string[] = [];
  const line = new StatusLine({
    ...{ isTerminal: () => isTerminal, columns: () => columns },
    write: (text) => void written.push(text),
  });
  const logger = new TerminalLogger(0.001, line);
  logger.start(run);
  const before = written.length;
  const step = (step: number) => {
    const record = { step, epoch: step / 4, loss: 2, lr: 0.1, images_per_second: 100, gradient_norm: 3 };
    logger.step({ ...record, losses: { seed: 1, moco: 1 }, metrics: { more: 5 } }, {
      seconds: 0.1,
      dataWaitSeconds: 0,
      secondsLeft: 0,
    });
  };
  step(8); // the last one is always shown
  logger.message("A data worker died");
  step(8);
  logger.end();
  logger[Symbol.dispose]();
  return written.slice(before);
}

const STEP = "epoch 2.00  step 8/8  loss 2.0000  lr 0.100  100.0 images/s  waits for data 0 %  0 s left";

Deno.test("a message has a line of its own while the line of steps keeps changing", () =>
  assert.deepEqual(written(true), [
    `\r\x1b[K${STEP}`,
    "\r\x1b[KA data worker died\n",
    `\r\x1b[K${STEP}`,
    "\n",
  ]));

Deno.test("in a file each line of steps and each message stays", () =>
  assert.deepEqual(written(false), [`${STEP}\n`, "A data worker died\n", `${STEP}\n`]));

Deno.test("a narrow terminal has the line of steps without what matters least", () => {
  const shown = (columns: number) => written(true, RUN, columns)[0].slice("\r\x1b[K".length);
  assert.equal(shown(STEP.length + 1), STEP);
  assert.equal(shown(STEP.length), STEP.replace("  waits for data 0 %", ""));
  assert.equal(shown(60), "epoch 2.00  step 8/8  loss 2.0000  100.0 images/s  0 s left");
  assert.equal(shown(50), "step 8/8  loss 2.0000  100.0 images/s  0 s left");
});

Deno.test("of several students that train together, each line says whose it is", () =>
  assert.equal(written(false, { ...RUN, studentName: "b0" })[0], `b0  ${STEP}\n`));

Deno.test("what is shown of a step is its own, and no time is left where nobody knows it", () => {
  const written: string[] = [];
  let now = 0;
  const line = new StatusLine({ isTerminal: () => true, write: (text) => void written.push(text) });
  const logger = new TerminalLogger(10, line, () => now);
  logger.start(RUN);
  written.length = 0;
  // The first is traced for a minute; what metrics.jsonl has of each is what is shown of it.
  const steps = [[60, 1 / 6, 9, null], [0.1, 100, 2.5, 0.6, true], [0.2, 50, 2, 10, false]] as const;
  steps.forEach(([seconds, images_per_second, loss, secondsLeft, secondsLeftAtMost], i) => {
    now += 1000 * seconds;
    const record = { step: i + 1, epoch: (i + 1) / 4, loss, lr: 0.1, images_per_second, gradient_norm: 3 };
    logger.step(record, { seconds, dataWaitSeconds: seconds / 4, secondsLeft, secondsLeftAtMost });
  });
  assert.deepEqual(written.map((text) => text.replace(/^.*(?=loss)/s, "")), [
    "loss 9.0000  lr 0.100  0.2 images/s  waits for data 25 %",
    "loss 2.5000  lr 0.100  100.0 images/s  waits for data 25 %  at most 1 s left",
    "loss 2.0000  lr 0.100  50.0 images/s  waits for data 25 %  10 s left",
  ]);
});
