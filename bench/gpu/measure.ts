/**
 * Measures on a graphics card: `measure.sh OUT [--tiny] [--seconds N] [--cards N] PART...`, see bench/README.md. Each
 * part is a process of its own with a bounded time, so that one which fails, or ends its process, does not stop the
 * next. What came of it is written into OUT/measured.json after each part.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { PLUGIN_VARIABLE, pluginFile } from "../../plugins/engines/xla/pjrt/plugin_file.ts";
import { measurePart, partsNamed } from "./parts.ts";

/** Nothing is fetched: no network, no packages. */
const PERMISSIONS = ["read", "write", "env", "sys", "ffi", "run"].map((name) => `--allow-${name}`);

/** What came of a part. */
export interface Part {
  at: string;
  tiny: boolean;
  /** That it took, with the start of its process. */
  seconds: number;
  /** What it found, or why it did not. */
  result?: any;
  error?: string;
}

export interface Measured {
  parts: Record<string, Part>;
}

async function main(): Promise<void> {
  const { values, positionals: [out, ...names] } = parseArgs({
    options: {
      tiny: { type: "boolean", default: false },
      seconds: { type: "string", default: "180" },
      // Of the parts on several cards; "all" of a processor is 1.
      cards: { type: "string", default: "all" },
      // A process for one part, which writes its result to the file OUT.
      part: { type: "string" },
    },
    allowPositionals: true,
  });
  const { tiny, part } = values, seconds = Number(values.seconds);
  const cards = values.cards === "all" ? "all" : Number(values.cards);
  if (part !== undefined) {
    const plugin = pluginFile(null);
    if (plugin === null) throw new Error(`Set ${PLUGIN_VARIABLE} to the file of XLA's plugin for the card`);
    const result = await measurePart(part, { pluginFile: plugin, cards, tiny, seconds });
    return await Deno.writeTextFile(out, JSON.stringify(result));
  }
  if (!out || !names.length || !(seconds > 0) || !(cards === "all" || cards > 0)) {
    throw new Error("Expected OUT [--tiny] [--seconds N] [--cards N] PART..., a folder and what to measure");
  }
  const parts = partsNamed(names);
  await Deno.mkdir(out, { recursive: true });
  for (const name of parts) {
    console.log(`${name} ...`);
    const measured = await runPart(name, { out, tiny, seconds, cards });
    await record(`${out}/measured.json`, name, measured);
    console.log(
      `${name}: ${measured.error ? `FAILED, ${measured.error}` : "done"} (${measured.seconds.toFixed(0)} s)`,
    );
  }
}

async function runPart(
  name: string,
  { out, tiny, seconds, cards }: { out: string; tiny: boolean; seconds: number; cards: number | "all" },
): Promise<Part> {
  const file = `${out}/part.json`, started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", ...PERMISSIONS, "--no-remote", Deno.mainModule, file],
      ...["--part", name, "--seconds", `${seconds}`, "--cards", `${cards}`, ...(tiny ? ["--tiny"] : [])],
    ],
    ...{ stdout: "inherit", stderr: "piped", env: { NO_COLOR: "1" } },
  }).spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, 1000 * seconds);
  const said = await lastWords(child.stderr), { success, code, signal } = await child.status;
  clearTimeout(timer);
  const part = { at: new Date().toISOString(), tiny, seconds: (performance.now() - started) / 1000 };
  if (isLate) return { ...part, error: `it took longer than ${seconds} s` };
  if (!success) return { ...part, error: `it ended with ${signal ?? `code ${code}`}: ${said}` };
  const result = JSON.parse(await Deno.readTextFile(file));
  await Deno.remove(file);
  return { ...part, result };
}

/** Passes on what a process says, and keeps the end of it. */
async function lastWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as any) as any as AsyncIterable<string>
  ) {
    await Deno.stderr.write(new TextEncoder().encode(text));
    said = (said + text).slice(-3000);
  }
  return said.trim();
}

/** Adds a part to the file, in place of an earlier one of its name. */
async function record(file: string, name: string, part: Part): Promise<void> {
  let measured: Measured = { parts: {} };
  try {
    measured = JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  measured.parts[name] = part;
  await Deno.writeTextFile(`${file}.new`, `${JSON.stringify(measured, null, 2)}\n`);
  await Deno.rename(`${file}.new`, file);
}

if (import.meta.main) await main();
