/**
 * The command line: `deno task VERB ...`.
 *
 * @module
 */
// Nothing that loads TensorFlow.js: what a verb needs it imports itself.
import {
  makeConsoleSafe,
  nameProgram,
  nearest,
  programName,
  RunError,
  setIn,
  statusLine,
  UsageError,
} from "@seed/core/text";
import meta from "../deno.json" with { type: "json" };
import { CommandLineError } from "./arguments.ts";
import { errorMessage } from "./error_message.ts";
import { programOf } from "./program.ts";

/** A verb: one file beside this one. */
interface Verb {
  help: string;
  /** Returns the exit code. */
  run(args: string[]): Promise<number>;
}

const VERBS: Record<string, { summary: string; load(): Promise<Verb> }> = {
  new: { summary: "Write a recipe for a folder of pictures, or a plugin", load: () => import("./new.ts") },
  distill: { summary: "Run a recipe", load: () => import("./distill.ts") },
  cache: { summary: "Compute a teacher's embeddings ahead", load: () => import("./cache.ts") },
  eval: { summary: "Evaluate a run", load: () => import("./eval.ts") },
  embed: { summary: "Embed a folder of images", load: () => import("./embed.ts") },
  export: { summary: "Write a network for other programs", load: () => import("./export.ts") },
  explore: { summary: "Write a page to explore a run in a browser", load: () => import("./explore.ts") },
  view: { summary: "Show what training would show", load: () => import("./view.ts") },
  pack: { summary: "Pack a folder of images into few files", load: () => import("./pack.ts") },
  validate: { summary: "Check recipes", load: () => import("./validate.ts") },
  report: { summary: "Show what came out of runs, or compare them", load: () => import("./report.ts") },
  ls: { summary: "List recipes, plugins, networks, runs or caches", load: () => import("./ls.ts") },
  doctor: { summary: "Check this machine", load: () => import("./doctor.ts") },
};

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h") {
    console.log(helpOfAll());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version") {
    console.log(`SEED for Deno ${meta.version}, Deno ${Deno.version.deno}`);
    return 0;
  }
  const verb = VERBS[name];
  if (!verb) {
    const close = nearest(name, Object.keys(VERBS));
    throw new UsageError(
      `Unknown verb "${name}". ${
        close ? `Did you mean "${close}"?` : `There are ${Object.keys(VERBS).join(", ")}`
      }`,
    );
  }
  const { help, run } = await verb.load();
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help.replaceAll("deno task", programName()));
    return 0;
  }
  try {
    return await run(args);
  } catch (error) {
    if (error instanceof CommandLineError) error.message += `\n${exampleOf(help)}`;
    throw error;
  }
}

/** The end of a verb's help, as the program is called here. */
function exampleOf(help: string): string {
  return help.slice(help.lastIndexOf("\nExample: ") + 1).replaceAll("deno task", programName());
}

function helpOfAll(): string {
  const lines = Object.entries(VERBS).map(([verb, { summary }]) => `  ${verb.padEnd(10)}${summary}`);
  return `Usage: ${programName()} VERB [--help]\n       ${programName()} --version\n\n${lines.join("\n")}`;
}

/** Deno's sentence names the flag; tasks have no place for it. */
function whyNotAllowed({ message }: Error): string {
  const everything = "`deno run --allow-all cli/main.ts` and the verb allow everything, as a plugin may need";
  return setIn(`${message}\nTasks are allowed what SEED needs (deno.json); ${everything}`);
}

function end(code: number): never {
  statusLine.end();
  Deno.exit(code);
}

/** Errors of the user's or the machine's come without a stack trace; defects with one. */
function report(error: unknown): number {
  statusLine.end(); // else the error would stand in the place of how far it was
  // What went wrong when things were let go of does not hide why they were.
  if (error instanceof SuppressedError) {
    const code = report(error.suppressed);
    report(error.error);
    return code;
  }
  if (error instanceof UsageError) return console.error(errorMessage(error)), 2;
  if (error instanceof RunError) return console.error(errorMessage(error)), 1;
  if (error instanceof Deno.errors.NotCapable) return console.error(whyNotAllowed(error)), 1;
  console.error(error);
  return 1;
}

// The usual ten frames of a stack trace end within the engine, before the line of a plugin that went wrong.
Error.stackTraceLimit = 50;
makeConsoleSafe();
// What nobody waits for any more fails as the rest does: its message may hold foreign text, too.
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  end(report(event.reason));
});
addEventListener("error", (event) => {
  event.preventDefault();
  end(report(event.error ?? event.message));
});
nameProgram(programOf({ mainModule: Deno.mainModule, cwd: Deno.cwd(), env: Deno.env.get }));
end(await main(Deno.args).catch(report));
