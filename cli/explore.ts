import { join } from "node:path";
import { commandLine, isFile, tf, UsageError } from "@seed/core";
import { formatBytes } from "@seed/core/host";
import { type Arguments, type Flag, noPositionals, parseArguments } from "./arguments.ts";
import { type Facts, makePage } from "./explore/make_page.ts";
import type { RunSubject } from "./explore/networks.ts";
import { serveFolder } from "./explore/serve.ts";
import { wantedOf } from "./explore/wanted.ts";
import { changesNothing, requireRead } from "./evaluation/unread_overrides.ts";
import { interruptible } from "./interruptible.ts";
import { refuseFilled } from "./new_folder.ts";
import { openSubject } from "./network_subject.ts";
import { ON_ERROR_FLAG, tellingOfSkip } from "./on_error.ts";
import { subjectFlags } from "./subject_flags.ts";

export const help = `Usage: deno task explore --run DIR [flags]
       deno task explore --out DIR --serve

Writes a page on which the student of a run can be tried out: it runs in the visitor's browser, takes a picture, and
shows the pictures that it finds most like it, beside what the teacher and the student before training find; and maps
of all pictures. The page is a folder of files: any web server will do, and nothing is sent anywhere.

  --run DIR          the run
  --images DIR       its pictures; folders in it are classes (default: what the run is evaluated on; if it evaluates
                     nothing, what it was trained on)
  --out DIR          what is written: a folder that is not there, or is empty (default: explore in the run's folder)
  --count N          pictures at most (default 2000), chosen by the seed
  --seed N           of the choice, and of maps (default: the run's)
  --without NAME     leaves a network out: teacher or initial; repeatable
  --dtype NAME       of the networks' weights: fp32 (default) or fp16, which takes half the bytes
  --on-error NAME    stop, or skip: pictures that cannot be read are left out, and counted (default: stop; of the run's
                     own data, what its recipe says)
  --serve            then serves the folder on this machine until Ctrl-C; without --run, one that was written before
  --port N           where (default: any that is free)
  --set key=value    overrides a key of the run's recipe; repeatable
  --allow-plugins    imports plugins of the run that do not come with SEED, which runs their code
  --json             prints what was done as one JSON object on standard output

Example: deno task explore --run runs/demo --serve`;

/** What of a run's recipe the page is made with. */
const SECTIONS = ["engine", "student", "data", "teacher", "evaluate", "seed"];

/** Flags of what a page is made with: one that was written before has been. */
const OF_WRITING = {
  run: { type: "string" },
  images: { type: "string" },
  count: { type: "string" },
  seed: { type: "string" },
  dtype: { type: "string" },
  ...ON_ERROR_FLAG,
  without: { type: "string", multiple: true },
  set: { type: "string", multiple: true },
  "allow-plugins": { type: "boolean" },
} as const satisfies Record<string, Flag>;

/** Flags of any page. */
const OF_SERVING = {
  out: { type: "string" },
  serve: { type: "boolean" },
  port: { type: "string" },
  json: { type: "boolean" },
} as const satisfies Record<string, Flag>;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, { ...OF_WRITING, ...OF_SERVING });
  noPositionals(parsed);
  if (parsed.text("port") !== null && !parsed.has("serve")) {
    throw new UsageError("--port is for --serve; give both");
  }
  if (parsed.text("run") === null && parsed.has("serve")) return await serveWritten(parsed);
  const run = parsed.required("run"), out = parsed.text("out") ?? join(run, "explore");
  const wanted = wantedOf(parsed, out), flags = subjectFlags(parsed, { sections: SECTIONS });
  requireReadByPage(parsed.list("set"), wanted.images);
  await refusePage(out);
  await refuseFilled(out);
  using subject = await openSubject(flags);
  tf.enableProdMode(); // no advice on backends from tfjs
  let facts: Facts;
  const code = await interruptible("nothing is written", async (host) => {
    facts = await tellingOfSkip("--on-error skip", () => makePage(subject as RunSubject, wanted, host));
    return 0;
  });
  return code === 0 ? await tell(parsed, facts!) : code;
}

/** What was written, and where it can be looked at. */
async function tell(parsed: Arguments, facts: Facts): Promise<number> {
  const { out, pictures, of, networks, bytes } = facts;
  const names = networks.map(({ id }) => id).join(", ");
  console.error(`Wrote ${out}: ${pictures} of ${of} pictures, ${names}; ${formatBytes(bytes)}`);
  if (parsed.has("serve")) return await serve(parsed, out, facts);
  console.error(`Look at it by ${commandLine("explore", ["--out", out, "--serve"])}`);
  if (parsed.has("json")) console.log(JSON.stringify({ ...facts, url: null }));
  return 0;
}

/** @throws {UsageError} For an override that the page is not made with. */
function requireReadByPage(overrides: readonly string[], images: string | null): void {
  requireRead(overrides, []);
  for (const override of overrides) {
    const [section, name] = override.split("=")[0].split(".");
    if (section === "data" && images !== null) {
      throw changesNothing(override, "the pictures are those of --images");
    }
    if (section === "evaluate" && name !== "teacher") {
      throw changesNothing(override, "of evaluate, only teacher is read");
    }
  }
}

/** @throws {UsageError} If a page is there, which can be looked at. */
async function refusePage(out: string): Promise<void> {
  if (!await isPage(out)) return;
  throw new UsageError(
    `"${out}" has a page already; look at it by ${
      commandLine("explore", ["--out", out, "--serve"])
    }. Nothing is ` +
      "overwritten: for another page, name another folder by --out, or remove this one",
  );
}

async function isPage(folder: string): Promise<boolean> {
  return await isFile(join(folder, "explore.json"));
}

/** Serves a page that was written before. */
async function serveWritten(parsed: Arguments): Promise<number> {
  const out = parsed.required("out"), idle = Object.keys(OF_WRITING).find((name) => parsed.has(name));
  if (idle !== undefined) {
    throw new UsageError(
      `--${idle} is for a page that is written: it needs --run; a page that is there is served as it is`,
    );
  }
  if (await isPage(out)) return await serve(parsed, out, { out });
  throw new UsageError(
    `"${out}" is no folder that explore has written: it has no "explore.json"; give --run to write it`,
  );
}

/** Until the end of the command is asked for, which is its usual end. */
async function serve(parsed: Arguments, out: string, facts: object): Promise<number> {
  return await interruptible(null, async ({ signal }) => {
    await using served = serveFolder(out, parsed.count("port", 0, 65535) ?? 0);
    if (parsed.has("json")) console.log(JSON.stringify({ ...facts, url: served.url }));
    console.error(`Open ${served.url} (Ctrl-C ends this)`);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    return 0;
  });
}
