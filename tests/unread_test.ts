/** No option and no flag is taken and passed over: a table of those that have no effect, and of what gives them one. */
import assert from "node:assert/strict";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../cli/defaults.ts";
import { ROOT, runCli } from "./support/cli.ts";

/** Overrides of the demo that have no effect, how that is told, and overrides with which they have one. */
const OPTIONS: [vain: string[], told: RegExp, read: string[]][] = [
  [
    ["evaluate.linear.sgd.lr=3"],
    /^--set evaluate\.linear\.sgd\.lr=3: Nothing reads "sgd": it is of the protocol sgd; take it out$/,
    ["evaluate.linear.protocol=sgd"],
  ],
  [["evaluate.linear.sgd={ epochs: 100 }"], /Nothing reads "sgd"/, ["evaluate.linear.protocol=sgd"]],
  [
    ["evaluate.linear={ protocol: sgd, l2: [1] }"],
    /Nothing reads "l2": it is of the protocol logistic/,
    ["evaluate.linear.protocol=logistic"],
  ],
  [
    ["evaluate.linear={ l2: [1], held_out: 0.1 }"],
    /Nothing reads "held_out": of one strength none is chosen/,
    ["evaluate.linear.l2=[1, 0.1]"],
  ],
  [
    ["student.head={ hidden: null, norm: batch }"],
    /Nothing reads "head\.norm": with head\.hidden: null there is no ReLU/,
    ["student.head.hidden=64"],
  ],
  [
    ["student.head={ hidden: null, norm: batch, projection: 64 }"],
    /Nothing reads "head\.norm": with head\.hidden: null there is no ReLU/,
    ["student.head.hidden=64"],
  ],
  [
    ["objective={ plugin: '@seed/objective-simreg' }"],
    /demo\.yaml:\d+:1: Nothing reads "queue": no objective measures against a queue/,
    ["queue=null"],
  ],
  [
    ["objective={ plugin: '@seed/objective-moco' }", "teacher.cache={ views: 2 }"],
    /Nothing reads "teacher\.cache"/,
    ["teacher.cache=null"],
  ],
  [["evaluate=null", "evaluate.every_epochs=2"], /Nothing reads "evaluate\.every_epochs"/, [
    "evaluate.knn.k=5",
  ]],
];

for (const [vain, told, read] of OPTIONS) {
  Deno.test(`${vain.join(" ")} has no effect without ${read.join(" ")}`, async () => {
    const load = (overrides: string[]) =>
      loadRecipe(`${ROOT}recipes/demo.yaml`, { overrides, defaults: DEFAULTS });
    await assert.rejects(load(vain), (error: Error) => {
      const [line] = error.message.split("\n");
      assert.match(line, told);
      return true;
    });
    await load([...vain, ...read]);
  });
}

const EMBED = ["embed", "--run", "nowhere", "--images", "i", "--out", "o.npy"];
const EVAL = ["eval", "--run", "nowhere"];
const EXPORT = ["export", "--run", "nowhere", "--to", "onnx"];

/** Command lines with a flag that has no effect, and how that is told. */
const FLAGS: [args: string[], told: RegExp][] = [
  [
    [...EMBED, "--set", "data.on_error=skip"],
    /^--set "data\.on_error=skip" changes nothing here: of the run's recipe only engine, student are taken$/m,
  ],
  [[...EMBED, "--set", "train.workers=2"], /changes nothing here/],
  [[...EXPORT, "--set", "augmenter.size=64"], /changes nothing here/],
  [[...EVAL, "--set", "queue.size=64"], /changes nothing here/],
  [[...EVAL, "--set", "train.lr=1"], /^--set "train\.lr=1" changes nothing here: it is of training/m],
  [[...EVAL, "--set", "data.shuffle=false"], /it is of training, and the run is over$/m],
  [[...EVAL, "--set", "evaluate.every_epochs=2"], /it is of training/],
  [[...EVAL, "--set", "teacher.cache.views=2"], /it is of training/],
  [
    [...EVAL, "--knn", "--set", "evaluate.linear.l2=[1]"],
    /changes nothing here: the evaluators that are named are --knn$/m,
  ],
  [
    [...EVAL, "--semi", "0.5", "--set", "evaluate.semi.epochs=3"],
    /changes nothing here: --semi has the shares, and defaults for the rest; leave the flag out/,
  ],
  [["eval", "--network", "resnet18", "--weights", "w", "--data", "d", "--set", "seed=1"], /it needs --run/],
  [["pack", "a", "b", "--to", "tsv", "--shard-size", "5"], /--shard-size is for --to tar/],
  [["export", "--run", "r", "--to", "pth", "--input-size", "32"], /--input-size is for --to onnx/],
  [["export", "--run", "r", "--to", "onnx", "--names", "timm"], /--names is for --to safetensors or pth/],
  [
    ["distill", "recipes/demo.yaml", "--stand-in", "8", "--max-steps", "0", "--out", "recipes"],
    /--stand-in is for a --dry-run/,
  ],
  [["distill", "recipes/demo.yaml", "--dry-run", "--resume"], /exclude each other/],
  [
    ["explore", "--out", "page", "--serve", "--images", "d"],
    /^--images is for a page that is written: it needs --run/m,
  ],
  [["explore", "--out", "page", "--serve", "--set", "seed=1"], /^--set is for a page that is written/m],
  [
    ["explore", "--run", "nowhere", "--images", "d", "--set", "data.root=e"],
    /changes nothing here: the pictures are those of --images$/m,
  ],
  [["explore", "--run", "nowhere", "--set", "evaluate.knn.k=1"], /of evaluate, only teacher is read$/m],
  [["view", "recipes/demo.yaml", "--out="], /^--out expects a value, got ""$/m],
];

for (const [args, told] of FLAGS) {
  Deno.test(`a flag without effect is refused: ${args.join(" ")}`, async () => {
    const { code, stderr } = await runCli(args, { cwd: ROOT });
    assert.match(stderr, told);
    assert.equal(code, 2);
  });
}
