/**
 * Loads a folder into transformers.js, and prints what it gives, as JSON on the last line.
 *
 *     echo REQUEST | deno run --config FOLDER/deno.json run_transformers_js.ts
 *
 * @module
 */
import { basename, dirname } from "node:path";

/** Not seen by what looks for dependencies: it is found by the configuration of another folder. */
const NAME = "@huggingface/transformers";
const { AutoModel, env, pipeline, Tensor } = await import(NAME);

const { folder, picture, pixels, size, dtypes } = JSON.parse(
  await new Response(Deno.stdin.readable).text(),
);
env.localModelPath = dirname(folder);
env.allowRemoteModels = false;
const id = basename(folder), found: Record<string, { dims: number[]; values: number[] }> = {};
const keep = (name: string, { dims, data }: { dims: number[]; data: Float32Array }) => {
  found[name] = { dims, values: [...data] };
};
for (const dtype of dtypes) {
  const extract = await pipeline("image-feature-extraction", id, { dtype });
  keep(`${dtype} picture`, await extract(picture));
  keep(`${dtype} picture, pool`, await extract(picture, { pool: true }));
  const model = await AutoModel.from_pretrained(id, { dtype });
  const pixel_values = new Tensor("float32", Float32Array.from(pixels), [1, 3, size, size]);
  keep(`${dtype} pixels`, (await model({ pixel_values })).pooler_output);
}
console.log(`\n${JSON.stringify(found)}`);
