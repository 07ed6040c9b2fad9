import { availableParallelism } from "node:os";
import { UsageError } from "@seed/core";
import { type Host, memoryLimit, writing } from "@seed/core/host";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { interruptible } from "./interruptible.ts";
import { terminalAsker } from "./new/ask.ts";
import { lookAtFolder } from "./new/folder/look.ts";
import { draftRecipe } from "./new/draft.ts";
import { lookReport, planReport } from "./new/report.ts";
import { secondsOf } from "./new/plan.ts";
import { WISH_FLAGS, type Wishes, wishesOf } from "./new/wishes.ts";

export const help = `Usage: deno task new [flags]
       deno task new plugin KIND NAME [--out DIR]

Looks at a folder of pictures, measures this machine, and writes a recipe with its reasons for a run that fits the
time. On a terminal it asks for what no flag says. Nothing is overwritten.

  --data DIR      the folder of pictures: flat, in folders by class, or with train/ and val/
  --student NAME  the network to train (default efficientnet_b0); \`deno task ls networks\` lists them
  --teacher NAME  a file of weights, whose network is found by its tensors, or a plugin that fetches its own (default
                  @seed/teacher-efficientnet-lite)
  --time TIME     that the run may take, such as 20m or 1h30m (default 20m)
  --out FILE      the recipe (default: called like the folder, in this one)
  --json          prints what was found and chosen as one JSON object on standard output; asks nothing

With \`plugin\`: writes a plugin of a kind (data, augmenter, teacher, student, queue, objective, evaluator, logger or
engine) with its test, which passes as it is.

  --out DIR       the folder (default NAME); it is not there, or empty

Example: deno task new --data photos --time 20m
         deno task new plugin objective my-loss`;

export async function run(args: string[]): Promise<number> {
  if (args[0] === "plugin") return await (await import("./new/plugin/command.ts")).newPlugin(args.slice(1));
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
  for (const line of planReport(plan, task, task.settings, dry.memory_bytes)) host.log(line);
  const { sample, ...seen } = look, { looked, broken } = sample;
  if (parsed.has("json")) {
    const { name: student } = wishes.student, { plugin: teacher } = wishes.teacher.keys;
    const folder = { ...seen, read: looked, broken: broken.length };
    console.log(JSON.stringify({
      ...{ recipe: wishes.out, command, student, teacher, folder, plan, precision, seconds: secondsOf(plan) },
    }));
    return 0;
  }
  host.log(`Written: ${wishes.out}. Next:\n${command}`);
  return 0;
}

/** @throws {UsageError} If somebody has made such a file meanwhile. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writing(path, () => Deno.writeTextFile(path, text, { createNew: true }));
  } catch (error) {
    if (!((error as Error).cause instanceof Deno.errors.AlreadyExists)) throw error;
    throw new UsageError(`"${path}" is there already; name another by --out`);
  }
}
