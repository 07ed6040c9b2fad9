import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Writes what of a run's folder the picture is drawn from. */
async function writeRun(folder: string, figures: [network: string, step: number, top1: number][]) {
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/recipe.yaml`, "train: { batch_size: 32 }\n");
  const lines = figures.map(([network, step, top1]) => ({ step, network, evaluation: { knn: { top1 } } }));
  const steps = [{ step: 1, loss: 2 }];
  await Deno.writeTextFile(
    `${folder}/metrics.jsonl`,
    [...lines, ...steps].map((line) => `${JSON.stringify(line)}\n`).join(""),
  );
}

Deno.test("the picture of gaps has the share of the way from the untrained network to the teacher", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-gap-" });
  try {
    await writeRun(`${folder}/a`, [["teacher", 0, 0.8], ["untrained", 0, 0.3], ["student", 10, 0.7]]);
    await writeRun(`${folder}/b`, [["untrained", 0, 0.4], ["student", 5, 0.3], ["student", 10, 0.5]]);
    await writeRun(`${folder}/c`, [["student", 10, 0.5]]);
    const draw = async (...runs: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--allow-all", "--config", at("../deno.json"), at("gap_curves.ts")],
          ...[`${folder}/out.svg`, ...runs.map((run) => `${run}=${folder}/${run}`)],
        ],
      }).output();
      return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
    };
    const { code, out, err } = await draw("a", "b"); // b is measured by a's teacher
    assert.equal(code, 0, err);
    assert.equal(out, "a: 320 80.0 %\nb: 160 -25.0 %, 320 25.0 %\n");
    assert.match(await Deno.readTextFile(`${folder}/out.svg`), /<polyline .*\n.*<polyline /);
    assert.match((await draw("a", "c")).err, /The run ".*c" has no kNN of the untrained network/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
