/**
 * transformers.js, which tests load exported folders with: fetched into the user's cache, and run by a process of its
 * own, for it brings a libvips besides ours.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { installNpmPackage } from "@seed/core";
import { cacheDirectory } from "@seed/core/host";
import lock from "./transformers_js.lock.json" with { type: "json" };
import { testContext } from "./engine.ts";

const NAME = "@huggingface/transformers", VERSION = "4.3.2";

/** What transformers.js made of pictures, by the name of what was asked. */
export type Extracted = Record<string, { dims: number[]; values: number[] }>;

/** The folder that holds it, with `deno.json` and `node_modules`; installed if need be (500 MB on disk). */
export async function transformersJs(): Promise<string> {
  const into = join(cacheDirectory(), `transformers.js-${VERSION}`);
  const expect = [`node_modules/${NAME}/dist/transformers.node.mjs`];
  const { log, signal } = testContext;
  await installNpmPackage({ name: NAME, version: VERSION, lock, expect, into, log, signal });
  return into;
}

/**
 * Runs an exported folder on a picture's file, by the pipeline, and on pixels of ours, by the model.
 *
 * @param request See `run_transformers_js.ts`.
 */
export async function runTransformersJs(
  request: { folder: string; picture: string; pixels: number[]; size: number; dtypes: string[] },
): Promise<Extracted> {
  const into = await transformersJs(),
    script = fileURLToPath(new URL("run_transformers_js.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", "--config", join(into, "deno.json"), script],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(request)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  return JSON.parse(text.slice(text.lastIndexOf("\n{") + 1));
}
