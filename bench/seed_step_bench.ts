/**
 * The SEED step: EfficientNet-B0 from a ResNet-50, traced, eager and, where there is one, in PyTorch.
 *
 * @module
 */
import { tf, untraced } from "@seed/core";
import { readProcessor } from "../plugins/engines/tensorflow/processor.ts";
import { testEngine } from "../tests/support/engine.ts";
import { Contest, type Contestant, CORES, processorTime, ratio } from "./contest.ts";
import { numberOf } from "./environment.ts";
import { Peer } from "./peer.ts";
import { loadTeacher, SeedParts } from "./seed_parts.ts";

const at = {
  batch: numberOf("SEED_BENCH_BATCH", 32),
  size: numberOf("SEED_BENCH_SIZE", 224),
  queue: numberOf("SEED_BENCH_QUEUE", 65536),
};

const engine = await testEngine(), teacher = loadTeacher();
const parts = await SeedParts.create(engine, teacher, at);
const operationByOperation = await SeedParts.create(untraced(engine), teacher, at);
const images = parts.upload(), lossAndQueue = parts.lossAndQueue();
const [zS, zT] = [0, 1].map((seed) => {
  const rows = tf.randomNormal([at.batch, parts.student.embeddingDim], 0, 1, "float32", seed);
  return tf.div(rows, tf.norm(rows, 2, 1, true)) as tf.Tensor2D;
});
const ours = (name: string, work: () => Promise<unknown>): Contestant => ({
  name,
  run: () => processorTime(work),
});

const peer = Peer.start("seed_step.py", [at.batch, at.size, at.queue, CORES]);
const versions = await peer?.ask<Record<string, string>>("describe");
const theirs = (mode: string): Contestant => ({ name: `PyTorch ${mode}`, run: () => peer!.ask(mode) });
const native = readProcessor().bf16;
const modes = native ? ["fp32", "bf16", "compile", "compile bf16"] : ["fp32", "compile"];

const TRACED = "SEED, traced", LOSS = "loss and queue";
const contestants = [ours(TRACED, () => parts.step()), ...(peer ? modes.map(theirs) : [])];
const narrow = native ? await SeedParts.create(engine, teacher, { ...at, precision: "bf16" }) : null;
// A contest of its own: with the student in bf16 too.
const inBf16 = narrow
  ? [
    ours("SEED, traced, all in bf16", () => narrow.step()),
    ...(peer ? [theirs("compile, all in bf16")] : []),
  ]
  : [];
const bf16Contest = new Contest("the whole step, all in bf16", inBf16, { turns: peer ? 2 : 1, cores: CORES });
const contest = new Contest("the whole step", contestants, { turns: peer ? 2 : 1, cores: CORES });
const slow = [ours("SEED, eager", () => operationByOperation.step())];
// Emulated, so far from the best that one turn shows it.
if (peer && !native) slow.push(theirs("bf16"));
const slowContest = new Contest("the whole step, slow ways", slow, { turns: 1, cores: CORES });
const pieces = [
  ours("teacher", () => parts.embed()),
  ours("student step", () => parts.studentStep(images, zT)),
  ours(LOSS, () => lossAndQueue(zS, zT)),
  ...(peer ? modes.map((mode) => theirs(`${mode} teacher`)) : []),
];
const partContest = new Contest("parts of the step", pieces, { turns: 1, cores: CORES });

addEventListener("unload", () => {
  const items = { count: at.batch, name: "images" };
  const versionsOf = Object.entries({ TensorFlow: engine.version, ...versions }).map((pair) =>
    pair.join(" ")
  );
  const traced = contest.cost(TRACED), loss = partContest.cost(LOSS);
  const best = contest.best(contestants.slice(1).map(({ name }) => name));
  const lines = [
    `Batch ${at.batch}, ${at.size} px, queue ${at.queue}, ${CORES} cores, teacher in ${
      native ? "bf16" : "fp32"
    }; ${versionsOf.join(", ")}`,
  ];
  if (traced && best) lines.push(`Ours / PyTorch's best (${best.name}): ${ratio(traced, best.cost)}`);
  const eagerCost = slowContest.cost("SEED, eager");
  if (traced && eagerCost) lines.push(`Traced / eager: ${ratio(traced, eagerCost)}`);
  if (traced && loss) {
    const share = 100 * loss.processor / traced.processor;
    lines.push(`Loss and queue: ${share.toFixed(1)} % of the step's processor time`);
  }
  for (
    const [group, members] of [
      [contest, contestants],
      [bf16Contest, inBf16],
      [slowContest, slow],
      [partContest, pieces],
    ] as const
  ) {
    const table = group.table(members.map(({ name }) => name), items);
    if (table.length) lines.push("", ...table);
  }
  console.log(`\n${lines.join("\n")}`);
});
