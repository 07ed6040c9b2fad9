/**
 * Writes reference_losses.json: losses by TensorFlow on this processor, in fp32, which the part `loss` compares with.
 * `deno run --allow-all bench/gpu/make_reference.ts`
 *
 * @module
 */
import { testEngine } from "../../tests/support/engine.ts";
import { losses } from "./loss.ts";
import { FULL, TINY } from "./sizes.ts";

await using engine = await testEngine();
const rounded = (values: number[]) => values.map((value) => Number(value.toPrecision(7)));
const tiny = rounded(await losses(engine, TINY.loss, "fp32"));
const full = rounded(await losses(engine, FULL.loss, "fp32"));
const about = `${engine.name} ${engine.version} on a processor, fp32`;
await Deno.writeTextFile(
  new URL("reference_losses.json", import.meta.url),
  `${JSON.stringify({ about, losses: { tiny, full } }, null, 2)}\n`,
);
