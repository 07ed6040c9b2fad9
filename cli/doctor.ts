import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import sharp from "sharp";
import { type Diagnosis, nearest, RunError } from "@seed/core";
import { cacheDirectory, checkPip, folderSize, formatBytes, pluginContext } from "@seed/core/host";
import { noPositionals, parseArguments } from "./arguments.ts";
import { shippedPlugins } from "./listings/plugins.ts";
import { table } from "./table.ts";

export const help = `Usage: deno task doctor [--json]

Checks this machine: Deno, pip, image decoding, the cache, environment variables, and what each plugin needs. Fetches
nothing, and leaves nothing installed. Exit code 1 if something has to be done.

  --json    prints { ok, checks: [{ subject, ok, message }] } on standard output

Example: deno task doctor`;

/** Environment variables that are read. */
const VARIABLES = [
  ...["SEED_CACHE_DIR", "SEED_TENSORFLOW_DIR", "SEED_PJRT_PLUGIN", "SEED_XLA_PYTHON"],
  "SEED_XLA_CACHE_GB",
  ...["SEED_RUN_TOKEN", "SEED_RUN_WAIT", "SEED_PEER_PYTHON", "SEED_ENGINE", "SEED_ALL_RECIPES"],
  ...["SEED_CHROMIUM", "SEED_RING_PYTHON"],
  ...["SEED_KILLS", "SEED_KILL_SEED", "SEED_FAULTS", "SEED_FAULT_SEED"],
];
/** How those begin that only the benchmarks (`bench/README.md`) or the tests read. */
const OF_OTHERS = ["SEED_BENCH_", "SEED_TEST_"];
/** What is not shown. */
const SECRET = "SEED_RUN_TOKEN";
/** Free bytes below which a first run cannot install what it needs, and a later one cannot write. */
const ENOUGH_TO_INSTALL = 2e9, ENOUGH_TO_RUN = 0.5e9;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, { json: { type: "boolean" } });
  noPositionals(parsed);
  const checks: Diagnosis[] = [];
  const check = async (subject: string, look: () => Promise<Diagnosis[]>) =>
    checks.push(...await look().catch((error) => [problem(subject, error)]));
  await check("Deno", checkDeno);
  await check("pip", checkInstaller);
  await check("sharp", checkSharp);
  await check("Cache", checkCache);
  await check("Variables", () => Promise.resolve(checkVariables()));
  for (const plugin of await shippedPlugins()) {
    const host = { log: console.error, signal: new AbortController().signal };
    await check(plugin.name, async () => await plugin.diagnose?.(pluginContext({ plugin }, 0, host)) ?? []);
  }
  const ok = checks.every((one) => one.ok);
  if (parsed.has("json")) console.log(JSON.stringify({ ok, checks }));
  else {
    const rows = checks.map((
      { ok, subject, message },
    ) => [ok ? "ok" : "PROBLEM", subject, oneSentence(message)]);
    console.log(table(rows));
  }
  return ok ? 0 : 1;
}

/** A message of several lines in a cell. */
function oneSentence(message: string): string {
  return message.split(/\s*\n\s*/).join(" ");
}

/** What an exception means: the user's to mend, or a defect, which is told as it is. */
function problem(subject: string, error: unknown): Diagnosis {
  const message = error instanceof RunError ? error.message : `Failed: ${error}`;
  return { subject, ok: false, message };
}

function checkDeno(): Promise<Diagnosis[]> {
  const missing = ["Float16Array", "AsyncDisposableStack"].filter((name) => !(name in globalThis));
  const message = missing.length
    ? `${Deno.version.deno} lacks ${
      missing.join(" and ")
    }: it is too old, get a newer one with "deno upgrade"`
    : `${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch}`;
  return Promise.resolve([{ subject: "Deno", ok: missing.length === 0, message }]);
}

async function checkInstaller(): Promise<Diagnosis[]> {
  const { version, name } = await checkPip();
  return [{ subject: "pip", ok: true, message: `${version} (${name}), installs into a folder` }];
}

async function checkSharp(): Promise<Diagnosis[]> {
  const gray = { create: { width: 8, height: 8, channels: 3, background: "#808080" } } as const;
  const encoded = await sharp(gray).jpeg().toBuffer();
  const { data } = await sharp(encoded).raw().toBuffer({ resolveWithObject: true });
  const ok = data.length === 8 * 8 * 3 && data.every((value) => Math.abs(value - 128) <= 2);
  const versions = `${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;
  const message = ok ? versions : `${versions} does not decode a picture that it has encoded; reinstall it`;
  return [{ subject: "sharp", ok, message }];
}

async function checkCache(): Promise<Diagnosis[]> {
  const folder = cacheDirectory(), there = nearestFolder(folder);
  try {
    accessSync(there, constants.W_OK);
  } catch {
    const message =
      `Cannot write in "${there}"; change its permissions, or set SEED_CACHE_DIR to another folder`;
    return [{ subject: "Cache", ok: false, message }];
  }
  const used = existsSync(folder) ? await folderSize(folder) : 0, { bavail, bsize } = await statfs(there);
  const free = bavail * bsize, enough = free >= (used > 1e9 ? ENOUGH_TO_RUN : ENOUGH_TO_INSTALL);
  const state = `${folder}, ${formatBytes(used)} used, ${formatBytes(free)} free`;
  const advice = "; free some space, or set SEED_CACHE_DIR to a folder on another disk";
  return [{ subject: "Cache", ok: enough, message: enough ? state : state + advice }];
}

/** The folder, or the one above that is there already. */
function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function checkVariables(): Diagnosis[] {
  const set = Object.entries(Deno.env.toObject()).filter(([name]) => name.startsWith("SEED_"));
  const checks = set.map(([name, value]) => {
    if (VARIABLES.includes(name) || OF_OTHERS.some((start) => name.startsWith(start))) {
      return { subject: name, ok: true, message: name === SECRET ? "Set" : value };
    }
    const close = nearest(name, VARIABLES);
    const hint = close ? `did you mean ${close}?` : `those read are ${VARIABLES.join(", ")}`;
    return { subject: name, ok: false, message: `Nothing reads this variable; ${hint}` };
  });
  return checks.length ? checks : [{ subject: "Variables", ok: true, message: "No SEED_* variable is set" }];
}
