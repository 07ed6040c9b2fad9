/**
 * A process of a run that is timed: `distill` as the command line has it, alone or as one of several.
 *
 * @module
 */
import { distill, follow, loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../../cli/defaults.ts";
import { join, placeOf } from "../../cli/processes/join.ts";
import { atEnd, betweenSteps, type Span, spans } from "./marks.ts";
import { type Call, timedProcesses } from "./timed_processes.ts";

/** What to run. */
export interface MemberStart {
  recipe: string;
  /** `key=value`. */
  overrides: string[];
  /** Folder of the run. */
  out: string;
}

/** What it was like, printed as JSON in the end; lines before stand for the moments between steps. */
export interface MemberReport {
  spans: Span[];
  calls: Call[];
}

const { recipe: path, overrides, out } = JSON.parse(Deno.args[0]) as MemberStart;
const place = placeOf((name) => Deno.env.get(name));
const logger = new URL("./marking_logger.ts", import.meta.url).href;
const recipe = await loadRecipe(path, {
  overrides: [...overrides, place ? "loggers=[]" : `loggers=[{ plugin: "${logger}" }]`],
  defaults: DEFAULTS,
});
const host = { log: (message: string) => console.error(message), signal: atEnd };
const joined = place && await join(place, host);
const calls: Call[] = [], processes = joined && timedProcesses(joined.processes, calls);
if (!processes) betweenSteps();
if (processes && processes.rank > 0) await follow(recipe, { maxSteps: null }, host, processes);
else await distill(recipe, { out, maxSteps: null, resume: false }, host, processes);
await joined?.leave();
console.log(JSON.stringify({ spans, calls } satisfies MemberReport));
