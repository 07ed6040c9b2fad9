/**
 * What carries the sums of two processes of this machine: ours, in the order of ranks, beside `MPI_Allreduce` and,
 * where there is one, TensorFlow's ring.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { numberOf } from "./environment.ts";
import { bytesOfStudents } from "./scale/students.ts";
import { medianOf, onThisMachine, type Timed, timeRanks } from "./scale/time_ranks.ts";

const TURNS = numberOf("SEED_BENCH_TURNS", 5), AT = { hostname: "127.0.0.1", port: 0 };
/** Of each way in a turn: stretches of sums, and how long each takes at the least, in milliseconds. */
const TIMED = { stretches: 3, least: 300 };
const length = (await bytesOfStudents()).get("EfficientNet-B0")!.sum / 4;
const found = new Map<string, Timed[]>();

function take(name: string, sums: readonly Timed[]): void {
  found.set(name, [...found.get(name) ?? [], ...sums]);
}

const python = process.env.SEED_RING_PYTHON;
if (!python) {
  console.error(
    "TensorFlow's ring is not compared: SEED_RING_PYTHON names no Python. Make one by `python3 -m venv ring && " +
      "ring/bin/pip install tensorflow-cpu==2.21.0`, and set SEED_RING_PYTHON=ring/bin/python",
  );
}

for (let turn = 1; turn <= TURNS; turn++) {
  for (const by of ["ours", "MPI_Allreduce"] as const) {
    Deno.bench({
      name: `${by}, turn ${turn}`,
      group: "sums",
      n: 1,
      warmup: 0,
      fn: async () => take(by, await timeRanks(onThisMachine(2), AT, { by, lengths: [length], ...TIMED })),
    });
  }
  if (!python) continue;
  Deno.bench({
    name: `TensorFlow's ring, turn ${turn}`,
    group: "sums",
    n: 1,
    warmup: 0,
    fn: async () => take("TensorFlow's ring", await ring(python)),
  });
}

async function ring(python: string): Promise<Timed[]> {
  const script = fileURLToPath(new URL("./peers/ring.py", import.meta.url));
  const { success, stdout } = await new Deno.Command(python, {
    args: [script, ...[length, TIMED.stretches, TIMED.least].map(String)],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("The peer failed; its message is above");
  const ranks: { sums: [number, number][] }[] = JSON.parse(new TextDecoder().decode(stdout));
  return ranks.flatMap(({ sums }) =>
    sums.map(([ms, processorMs]) => ({ length, ms, processorMs, others: NaN }))
  );
}

addEventListener("unload", () => {
  console.log(`\nSums of ${(4 * length / 1e6).toFixed(1)} MB, EfficientNet-B0's, over two processes, ms`);
  for (const [name, sums] of found) {
    const least = Math.min(...sums.map(({ ms }) => ms)), median = medianOf(sums, ({ ms }) => ms);
    const processor = medianOf(sums, ({ processorMs }) => processorMs);
    console.log(
      `${name.padEnd(20)}fastest ${least.toFixed(1)}, median ${median.toFixed(1)}; processor of each ` +
        processor.toFixed(1),
    );
  }
});
