export const help = `Usage: deno task new [flags]
       deno task new plugin KIND NAME [--out DIR]

Looks at a folder of pictures, measures this machine, and writes a recipe with its reasons for a run that fits the
time. On a terminal it asks for what no flag says. Nothing is overwritten.

  --data DIR      the folder of pictures: flat, in folders by class, or with train/ and val/
  --student NAME  the network to train (default mobilenet_v3_small), of a student plugin; called as in
                  \`deno task ls networks\`
  --teacher NAME  a file of weights, whose network is found by its tensors, or a plugin that fetches its own (default
                  @seed/teacher-efficientnet-lite)
  --begin PATH    what the student begins from: a file of its weights, the folder of a run, or noise (default: runs/demo
                  if it is there and has the same network, else noise)
  --time TIME     that the run may take, such as 20m or 1h30m (default 20m)
  --out FILE      the recipe (default: called like the folder, in this one)
  --json          prints what was found and chosen as one JSON object on standard output; asks nothing

With \`plugin\`: writes a plugin of a kind (data, augmenter, teacher, student, queue, objective, evaluator, logger or
engine) with its test, which passes as it is.

  --out DIR       the folder (default NAME); it is not there, or empty
  --json          prints what was written as one JSON object on standard output

Example: deno task new --data photos --time 20m
         deno task new plugin objective my-loss`;

export async function run(args: string[]): Promise<number> {
  if (args[0] !== "plugin") return await (await import("./new/command.ts")).newRecipe(args);
  return await (await import("./new/plugin/command.ts")).newPlugin(args.slice(1));
}
