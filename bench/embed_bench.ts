/**
 * `embed`: a folder of photographs through a ResNet-50, from JPEG files to a file of rows; the same in PyTorch.
 *
 * @module
 */
import { type NamedArray, writeSafetensors } from "@seed/core";
import { join } from "node:path";
import process from "node:process";
import sharp from "sharp";
import { run } from "../cli/embed.ts";
import { readProcessor } from "../plugins/engines/tensorflow/processor.ts";
import { pixels, weight } from "../tests/golden/formula.ts";
import shapes from "../tests/golden/resnet50_state_dict.json" with { type: "json" };
import { readNpy } from "../tests/support/npy.ts";
import { Contest, type Contestant, CORES, processorTime, ratio } from "./contest.ts";
import { numberOf } from "./environment.ts";
import { Peer } from "./peer.ts";

const count = numberOf("SEED_BENCH_IMAGES", 256);
const folder = await Deno.makeTempDir();
const at = (name: string) => join(folder, name);
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const images = process.env.SEED_BENCH_FOLDER ?? at("images");
if (images === at("images")) await drawPhotographs();
const weights = at("resnet50.safetensors");
await writeSafetensors(weights, formulaWeights(), {});

const native = readProcessor().bf16;
const modes = native ? ["bf16", "fp32"] : ["fp32"];
const peer = Peer.start("embed.py", [images, weights, folder, CORES]);
const versions = await peer?.ask<Record<string, string>>("describe");
const OURS = "SEED", theirs = modes.map((mode) => `PyTorch ${mode}`);
const command = ["--network", "resnet50", "--weights", weights, "--images", images, "--out", at("ours.npy")];
const contestants: Contestant[] = [
  {
    name: OURS,
    run: () => processorTime(async () => void await run([...command, "--precision", "auto", "--json"])),
  },
  ...peer ? modes.map((mode) => ({ name: `PyTorch ${mode}`, run: () => peer.ask<number>(mode) })) : [],
];
const contest = new Contest("embed", contestants, { turns: peer ? 2 : 1, cores: CORES });

if (peer) {
  // A comparison of speeds is one of the same work: the rows must be the same but for rounding.
  Deno.bench("the rows agree", { group: "check", n: 1, warmup: 0 }, async () => {
    const [ours, others] = await Promise.all(
      ["ours.npy", `${modes[0]}.npy`].map((name) => readNpy(at(name))),
    );
    const least = Math.min(...Array.from({ length: ours.rows }, (_, i) => cosine(ours, others, i)));
    if (!(least > 0.99)) throw new Error(`A row of ours and PyTorch's have the cosine ${least}`);
  });
}

addEventListener("unload", () => {
  const mine = contest.cost(OURS), best = contest.best(theirs);
  const about = Object.entries(versions ?? {}).map((pair) => pair.join(" ")).join(", ");
  console.log(`\n${count} photographs, ${CORES} cores, ours in ${native ? "bf16" : "fp32"}; ${about}`);
  if (mine && best) console.log(`Ours / PyTorch's best (${best.name}): ${ratio(mine, best.cost)}`);
  const table = contest.table([OURS, ...theirs], { count, name: "images" });
  console.log(table.join("\n"));
});

/** JPEGs of 500 x 375 pixels, smooth like photographs. */
async function drawPhotographs(): Promise<void> {
  await Deno.mkdir(images);
  for (let i = 0; i < count; i++) {
    const raw = { width: 64, height: 64, channels: 3 } as const;
    const picture = sharp(pixels(`photograph ${i}`, 1, 64), { raw }).resize(500, 375, { fit: "fill" });
    await picture.jpeg({ quality: 90 }).toFile(join(images, `${i}.jpg`));
  }
}

function formulaWeights(): NamedArray[] {
  return Object.entries<number[]>(shapes).map(([name, shape]) => ({
    name,
    shape,
    data: weight(name, shape),
  }));
}

interface Matrix {
  rows: number;
  dim: number;
  values: Float32Array;
}

function cosine(a: Matrix, b: Matrix, row: number): number {
  const [x, y] = [a, b].map(({ values, dim }) => values.subarray(row * dim, (row + 1) * dim));
  const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}
