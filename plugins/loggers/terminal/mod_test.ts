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
function written(isTerminal: boolean): string[] {
  const written: string[] = [];
  const line = new StatusLine({ isTerminal: () => isTerminal, write: (text) => void written.push(text) });
  const logger = new TerminalLogger(0.001, line);
  logger.start(RUN);
  const before = written.length;
  const step = (step: number) => {
    const record = { step, epoch: step / 4, loss: 2, lr: 0.1, images_per_second: 100, gradient_norm: 3 };
    logger.step({ ...record, losses: { seed: 1, moco: 1 }, metrics: { more: 5 } }, { dataWaitSeconds: 0 });
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
