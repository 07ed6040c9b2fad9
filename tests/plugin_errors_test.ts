/** What goes wrong in a plugin is told with the plugin's name and the line in it. */
import assert from "node:assert/strict";
import { ROOT, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

/** Modules that cannot be loaded, and the end of the message: the line and column that are at fault. */
const BROKEN: Record<string, [code: string, says: RegExp]> = {
  "a syntax error": [
    `export default {\n  kind "teacher"\n};\n`,
    /SyntaxError: .* at file:\S+\/plugin\.ts:2:8$/m,
  ],
  "an error at its top": [
    "const nothing = undefined as any;\n\nexport default nothing.plugin;\n",
    /Cannot read properties of undefined \(reading 'plugin'\) at file:\S+\/plugin\.ts:3:24$/m,
  ],
  "an import that is not there": [
    `import "./nowhere.ts";\n`,
    /Module not found .* at file:\S+\/plugin\.ts:1:8$/m,
  ],
  "an import of a name that is not there": [
    `import { nothing } from "@seed/core";\nexport default nothing;\n`,
    /no[t]? .*export named 'nothing' at file:\S+\/plugin\.ts:1:10$/m,
  ],
  "something thrown that is no error": ["throw null;\n", /Cannot load the plugin ".*plugin\.ts": /m],
};

for (const [name, [code, says]] of Object.entries(BROKEN)) {
  Deno.test(`a plugin with ${name} is told with its line`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-plugin-" });
    try {
      await Deno.writeTextFile(`${folder}/plugin.ts`, code);
      const args = ["validate", "recipes/demo.yaml", "--set", `teacher={ plugin: ${folder}/plugin.ts }`];
      const { code: exit, stderr } = await runCli(args, { cwd: ROOT });
      assert.equal(exit, 2, stderr);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, /^ +at /m);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** A teacher that fails in `create`, or deep within a batch. */
const FAILING = `import { definePlugin, tf, z } from "@seed/core";
function deep(levels: number): never {
  if (levels > 0) return deep(levels - 1);
  throw new TypeError("no coffee");
}
export default definePlugin({
  kind: "teacher",
  name: "failing-teacher",
  apiVersion: 1,
  about: { summary: "Fails" },
  options: z.strictObject({ early: z.boolean() }),
  create: ({ early }) => {
    if (early) deep(2);
    return {
      ...{ embeddingDim: 4, inputSize: null, weights: null },
      embed: () => Promise.try(() => deep(12)),
      [Symbol.dispose]() {},
    };
  },
});
`;

for (const early of [true, false]) {
  Deno.test(`a plugin that fails ${early ? "at its making" : "deep within a batch"} is told with its line`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-plugin-" });
    try {
      await makeImageFolder(`${folder}/images`, { train: 4 });
      await Deno.writeTextFile(`${folder}/plugin.ts`, FAILING);
      await Deno.writeTextFile(
        `${folder}/r.yaml`,
        `version: 1
engine: { plugin: "@seed/engine-eager" }
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
teacher: { plugin: ./plugin.ts, early: ${early} }
student: { plugin: "@seed/student-resnet", depth: 18, head: { dim: 4 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-seed" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`,
      );
      const { code, stderr } = await runCli(["distill", "r.yaml", "--max-steps", "1"], { cwd: folder });
      assert.equal(code, 1);
      assert.match(stderr, /no coffee/);
      assert.match(stderr, /plugin\.ts:4:9/);
      if (early) {
        assert.match(stderr, /The plugin "failing-teacher" failed at file:\S+plugin\.ts:4:9: no coffee/);
      } else assert.match(stderr, /plugin\.ts:16:\d+/, "the trace ends before the plugin's own call");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
