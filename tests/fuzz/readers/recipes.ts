import { join } from "node:path";
import { loadRecipe } from "@seed/core/host";
import { DEFAULTS } from "../../../cli/defaults.ts";
import { ROOT } from "../../support/cli.ts";
import type { Reader, Seed } from "../reader.ts";

const WORDS = [
  ...[
    "&a [*a]",
    "&b { c: *b }",
    "*a",
    "<<: *a",
    "!!js/function x",
    "!!binary AAAA",
    "? [a]",
    "|\n",
    ">-\n",
    "[[[[[[[[",
    "{{{{{{{{",
    "}}",
    "]]",
  ],
  ...[
    "# ",
    ": ",
    "- ",
    "--- \n",
    "%YAML 9.9\n",
    "null",
    "~",
    "true",
    ".inf",
    "-.inf",
    ".nan",
    "1e999",
    "0x7fffffff",
    "1_000",
    "12:30:45",
  ],
  ...[
    "extends: recipe.yaml\n",
    "extends: /etc/passwd\n",
    "plugin: @seed/",
    "plugin: data:text/javascript,1",
    '"\\x1b[2J"',
    "__proto__: { seed: 1 }\n",
  ],
];

/** No code but SEED's own is imported, whatever a mutant names: that is what `--run` does with a foreign folder. */
async function load(folder: string, overrides: string[] = []): Promise<void> {
  await loadRecipe(join(folder, "recipe.yaml"), { overrides, defaults: DEFAULTS, trust: "shipped" });
  const polluted = Object.keys(Object.prototype);
  if (polluted.length) throw new Error(`the prototype of all objects has ${polluted}`);
}

async function recipes(): Promise<Seed[]> {
  const read = (path: string) => Deno.readFile(`${ROOT}recipes/${path}`);
  const base = await read("effb0.yaml"),
    alone = ["demo.yaml", "demo_baseline.yaml", "effb0.yaml", "cifar10/effb0.yaml"];
  const extended = new TextEncoder().encode("extends: ./base.yaml\ntrain: { epochs: 100 }\nseed: 3\n");
  return [
    ...await Promise.all(
      alone.map(async (path) => ({ name: path, files: { "recipe.yaml": await read(path) } })),
    ),
    { name: "extended", files: { "recipe.yaml": extended, "base.yaml": base } },
  ];
}

const SET = [
  ...[
    "train.lr=0.1",
    "train.epochs=3",
    "seed=7",
    "data.size=64",
    "train.clip_grad_norm=1",
    "queue.size=65536",
    "evaluate=null",
  ],
  ...[
    "train.batch_size=32",
    "student.head.hidden=[64, 64]",
    "augmenter={ plugin: '@seed/augmenter-moco-v2', size: 64 }",
    "evaluate.every_epochs=2",
  ],
];

export const RECIPES: readonly Reader[] = [
  {
    name: "recipe",
    seeds: recipes,
    read: (folder) => load(folder),
    names: ["recipe.yaml", "base.yaml", 'Cannot read the recipe "'],
    words: WORDS,
  },
  {
    name: "set",
    async seeds() {
      const recipe = await Deno.readFile(`${ROOT}recipes/demo.yaml`);
      return SET.map((text) => {
        const files = { "recipe.yaml": recipe, set: new TextEncoder().encode(text) };
        return { name: text, files, victims: ["set"] };
      });
    },
    read: async (folder) => await load(folder, [await Deno.readTextFile(join(folder, "set"))]),
    names: ["--set", "recipe.yaml"],
    words: [
      ...WORDS,
      "train.",
      "evaluate.",
      "=",
      "objective.0.",
      "teacher.cache.views=",
      "__proto__.x=1",
      "constructor.prototype.x=1",
    ],
  },
];
