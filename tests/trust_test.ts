/**
 * What runs that should not: for every verb a module that leaves a file when it is imported, named by a recipe or by a
 * run's folder.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Outcome, runCli } from "./support/cli.ts";
import { makeImageFolder } from "./support/image_folder.ts";

/** Every section that names a module, SEED's and small; `canary.ts` stands in for one at a time. */
const SECTIONS: Record<string, string> = {
  engine: '{ plugin: "@seed/engine-tensorflow" }',
  data: '{ plugin: "@seed/data-image-folder", root: images }',
  augmenter: '{ plugin: "@seed/augmenter-moco-v2", size: 32 }',
  student: '{ plugin: "@seed/student-resnet", depth: 18, head: { hidden: 16, dim: 12 } }',
  queue: '{ plugin: "@seed/queue-fifo", size: 16 }',
  objective: '{ plugin: "@seed/objective-moco" }',
  train: "{ batch_size: 4, epochs: 1, lr: 0.03 }",
};

type Changed = Record<string, string>;

const CANARY = '{ plugin: "./canary.ts" }';

/** Everything that a recipe may name is the module. */
const ALL: Changed = {
  ...{ engine: CANARY, data: CANARY, augmenter: CANARY, teacher: CANARY, student: CANARY, queue: CANARY },
  objective: CANARY,
  small_patches: `{ augmenter: ${CANARY}, queue: ${CANARY} }`,
  evaluate: `{ knn: { k: 1 }, mine: ${CANARY}, teacher: ${CANARY} }`,
  loggers: `[${CANARY}]`,
};

function recipeOf(changed: Changed): string {
  return "version: 1\n" +
    Object.entries({ ...SECTIONS, ...changed }).map(([key, value]) => `${key}: ${value}\n`).join("");
}

/** A folder with pictures, a finished run, and the module beside its recipe and beside other recipes. */
class Workplace implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(): Promise<Workplace> {
    const place = new Workplace(await Deno.makeTempDir({ prefix: "seed-trust-" }));
    await makeImageFolder(`${place.folder}/images`, { train: 8, val: 1 });
    await Deno.writeTextFile(`${place.folder}/recipe.yaml`, recipeOf({ evaluate: "{ knn: { k: 1 } }" }));
    const made = await place.cli("distill", "recipe.yaml", "--out", "run", "--max-steps", "1");
    assert.equal(made.code, 0, made.stderr);
    for (const beside of [place.folder, `${place.folder}/run`]) {
      await Deno.writeTextFile(
        `${beside}/canary.ts`,
        `Deno.writeTextFileSync(${JSON.stringify(`${place.folder}/ran`)}, ""); export default 1;`,
      );
    }
    return place;
  }

  async cli(...args: string[]): Promise<Outcome> {
    return await runCli(args, { cwd: this.folder });
  }

  async write(name: string, changed: Changed): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/${name}`, recipeOf(changed));
  }

  /** Whether the module was imported since this was asked last. */
  async ran(): Promise<boolean> {
    return await Deno.remove(`${this.folder}/ran`).then(() => true, () => false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("a foreign module runs only where the user has chosen it", async (t) => {
  await using place = await Workplace.make();
  const cli = (...args: string[]) => place.cli(...args);
  const embed = ["embed", "--run", "run", "--images", "images/val", "--out", "out.npy"];
  const exported = ["export", "--run", "run", "--to", "pth", "--out", "out.pth"];
  const evaluated = ["eval", "--run", "run", "--knn"];

  await t.step(
    "of a run only what is needed is imported, and only with the flag if it is foreign",
    async () => {
      const { engine: _e, student: _s, data: _d, ...idle } = ALL;
      await place.write("run/recipe.yaml", { ...idle, data: CANARY });
      for (const args of [embed, exported]) {
        const { code, stderr } = await cli(...args);
        assert.ok(!await place.ran(), `${args[0]} imported it`);
        assert.equal(code, 0, stderr);
      }
      await place.write("run/recipe.yaml", idle);
      const { code, stderr } = await cli(...evaluated);
      assert.ok(!await place.ran(), "eval imported it");
      assert.equal(code, 0, stderr);
      for (
        const [part, ways] of Object.entries({
          engine: [embed],
          student: [embed, exported],
          data: [evaluated],
        })
      ) {
        await place.write("run/recipe.yaml", { [part]: CANARY });
        for (const args of ways) {
          const { code, stderr } = await cli(...args);
          assert.ok(!await place.ran(), `${args[0]} imported its ${part}`);
          assert.equal(code, 2, stderr);
          assert.match(
            stderr,
            /^run\/recipe\.yaml:\d+:\d+: The plugin "\.\/canary\.ts" does not come with SEED, /,
          );
          assert.match(stderr, /--allow-plugins/);
        }
      }
    },
  );

  await t.step("with the flag a run's module is imported, where it is needed", async () => {
    await place.write("run/recipe.yaml", { student: CANARY });
    for (const args of [embed, exported, evaluated]) {
      const { code, stderr } = await cli(...args, "--allow-plugins");
      assert.ok(await place.ran(), stderr);
      assert.equal(code, 2);
      assert.match(stderr, /"\.\/canary\.ts" is no plugin/);
    }
    await place.write("run/recipe.yaml", { objective: CANARY });
    assert.equal((await cli(...exported, "--allow-plugins")).code, 0);
    assert.ok(!await place.ran());
  });

  await t.step("data of another recipe, without and with the flag", async () => {
    await place.write("run/recipe.yaml", {});
    await place.write("other.yaml", { data: CANARY });
    const file = ["eval", "--network", "resnet18", "--weights", "run/student.safetensors", "--knn"];
    for (const args of [evaluated, file]) {
      const refused = await cli(...args, "--data", "other.yaml");
      assert.ok(!await place.ran());
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /^other\.yaml:\d+:\d+: The plugin .*--allow-plugins/);
      const allowed = await cli(...args, "--data", "other.yaml", "--allow-plugins");
      assert.ok(await place.ran(), allowed.stderr);
      await place.write("logger.yaml", { loggers: `[${CANARY}]`, objective: CANARY });
      const whole = await cli(...args, "--data", "logger.yaml");
      assert.equal(whole.code, 0, whole.stderr);
      assert.ok(!await place.ran());
    }
  });

  const verbs = {
    validate: ["validate", "mine.yaml"],
    view: ["view", "mine.yaml", "--out", "v.html"],
    cache: ["cache", "mine.yaml"],
    distill: ["distill", "mine.yaml", "--out", "new"],
    "distill --dry-run": ["distill", "mine.yaml", "--dry-run"],
  };
  for (const [verb, args] of Object.entries(verbs)) {
    await t.step(
      `${verb}: a recipe that is wrong runs nothing, one that is right what it names`,
      async () => {
        const mistakes: Changed[] = [
          { optimiser: "{}" },
          { train: "{ batch_size: 4, epoch: 1, lr: 0.03 }" },
          { loggers: `[{ plugin: "data:text/javascript,export default 1" }, ${CANARY}]` },
        ];
        for (const mistake of verb === "validate" ? mistakes : mistakes.slice(0, 1)) {
          await place.write("mine.yaml", { ...ALL, ...mistake });
          const { code } = await cli(...args);
          assert.ok(!await place.ran(), JSON.stringify(mistake));
          assert.equal(code, 2);
        }
        await place.write("mine.yaml", { loggers: `[${CANARY}]` });
        const right = await cli(...args);
        assert.ok(await place.ran(), right.stderr);
        assert.match(right.stderr, /"\.\/canary\.ts" is no plugin/);
      },
    );
  }

  await t.step("code within a recipe or on the command line is refused everywhere", async () => {
    const code = `Deno.writeTextFileSync(${JSON.stringify(`${place.folder}/ran`)}, ""); export default 1`;
    const data = JSON.stringify(`data:text/javascript,${encodeURIComponent(code)}`);
    await place.write("mine.yaml", { loggers: `[{ plugin: ${data} }]` });
    await place.write("run/recipe.yaml", { student: `{ plugin: ${data} }` });
    const set = ["--set", `student={ plugin: ${data} }`];
    for (
      const args of [
        ...Object.values(verbs),
        [...embed, "--allow-plugins"],
        [...exported, "--allow-plugins", ...set],
        ["validate", "recipe.yaml", ...set],
      ]
    ) {
      const { code, stderr } = await cli(...args);
      assert.ok(!await place.ran(), args.join(" "));
      assert.equal(code, 2, stderr);
      assert.match(stderr, /A plugin cannot come from "data:text/);
    }
  });

  await t.step("a flag or a key that would change nothing is refused", async () => {
    await place.write("run/recipe.yaml", {});
    const idle = await cli(...embed, "--set", "loggers=[]");
    assert.equal(idle.code, 2);
    assert.match(
      idle.stderr,
      /^--set "loggers=\[\]" changes nothing here: .* only engine, student are taken/,
    );
    const file = ["export", "--network", "resnet18", "--weights", "run/student.safetensors", "--to", "pth"];
    const flag = await cli(...file, "--out", "x.pth", "--allow-plugins");
    assert.equal(flag.code, 2);
    assert.match(flag.stderr, /^--allow-plugins is for the plugins that a run's recipe names/);
  });
});
