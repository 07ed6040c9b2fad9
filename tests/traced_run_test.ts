/**
 * A run whose steps are traced learns what one learns whose operations run one by one, also where networks follow one
 * another: a momentum encoder and an average of the weights begin with the student's values, and go their own ways.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SafetensorsFile } from "@seed/core";
import { distillTiny, inTinyFolder, metricsOf } from "./support/tiny_runs.ts";

const SETS = [
  "teacher=null",
  'objective={ plugin: "@seed/objective-moco", momentum: 0.9 }',
  "train.ema=0.8",
  "evaluate=null",
  "loggers=[]",
];

Deno.test("a momentum encoder and an average follow a traced student as they do one that is not traced", () =>
  inTinyFolder(async (folder) => {
    const outcome = async (trace: boolean) => {
      const out = `traced-${trace}`, engine = `engine={ plugin: "@seed/engine-tensorflow", trace: ${trace} }`;
      const flags = [...SETS, engine].flatMap((set) => ["--set", set]);
      const { code, stderr } = await distillTiny(folder, { out, flags });
      assert.equal(code, 0, stderr);
      const losses = (await metricsOf(join(folder, out))).map(({ loss }) => loss as number);
      using weights = await SafetensorsFile.open(join(folder, out, "student.safetensors"));
      const values = [...weights.tensors.keys()].sort().flatMap((name) => [...weights.read(name)]);
      return { losses, values };
    };
    const [traced, eager] = [await outcome(true), await outcome(false)];
    assert.equal(traced.losses.length, 12);
    traced.losses.forEach((loss, i) =>
      assert.ok(Math.abs(loss - eager.losses[i]) < 1e-4, `${i + 1}: ${loss}`)
    );
    traced.values.forEach((value, i) => assert.ok(Math.abs(value - eager.values[i]) < 1e-4, `${value}`));
  }));
