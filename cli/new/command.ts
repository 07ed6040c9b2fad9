/**
 * `new`: a recipe for a folder of pictures.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { UsageError } from "@seed/core";
import { type Host, memoryLimit, writing } from "@seed/core/host";
import { type Arguments, noPositionals, parseArguments } from "../arguments.ts";
import { interruptible } from "../interruptible.ts";
import { terminalAsker } from "./ask.ts";
import { draftRecipe } from "./draft.ts";
import { lookAtFolder } from "./folder/look.ts";
import { secondsOf } from "./plan.ts";
import { lookReport, planReport } from "./report.ts";
import { WISH_FLAGS, type Wishes, wishesOf } from "./wishes.ts";

/** Runs the command; returns the exit code. */
export async function newRecipe(args: string[]): Promise<number> {
  const parsed = parseArguments(args, { ...WISH_FLAGS, json: { type: "boolean" } });
  noPositionals(parsed);
  const wishes = await wishesOf(parsed, parsed.has("json") ? null : terminalAsker());
  return await interruptible("nothing is written", (host) => writeRecipe(wishes, parsed, host));
}

async function writeRecipe(wishes: Wishes, parsed: Arguments, host: Host): Promise<number> {
  const look = await lookAtFolder(wishes.data, host);
  for (const line of lookReport(look)) host.log(line);
  const memory = memoryLimit(),
    drafted = await draftRecipe(wishes, look, { cores: availableParallelism(), memory }, host);
  const { text, plan, task, dry, command, precision } = drafted;
  host.signal.throwIfAborted();
  await writeNew(wishes.out, text);
  host.log(`Begins     from ${wishes.begin ?? "noise"}`);
  for (const line of planReport(plan, task, task.settings, dry.memory_bytes)) host.log(line);
  const { sample, ...seen } = look, { looked, broken } = sample;
  if (parsed.has("json")) {
    const { name: student } = wishes.student, { begin } = wishes, { plugin: teacher } = wishes.teacher.keys;
    const folder = { ...seen, read: looked, broken: broken.length };
    console.log(JSON.stringify({
      ...{ recipe: wishes.out, command, student, begin, teacher },
      ...{ folder, plan, precision, seconds: secondsOf(plan) },
    }));
    return 0;
  }
  host.log(`Written: ${wishes.out}. Next:\n${command}`);
  return 0;
}

/** @throws {UsageError} If somebody has made such a file meanwhile. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writing(path, async () => {
      await Deno.mkdir(dirname(resolve(path)), { recursive: true });
      await Deno.writeTextFile(path, text, { createNew: true });
    });
  } catch (error) {
    if (!((error as Error).cause instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(`"${path}" is there already; name another by --out`);
  }
}
