import assert from "node:assert/strict";
import { stringify } from "yaml";
import { RunError, UsageError } from "../errors.ts";
import { compareWithPast, MAY_CHANGE } from "./past_recipe.ts";
import { RunFolder } from "./run_folder.ts";

type Values = Record<string, unknown>;

const RECIPE = {
  version: 1,
  seed: 0,
  data: { plugin: "@seed/data-image-folder", root: "a", shuffle: true },
  teacher: { plugin: "@seed/teacher-network", weights: "t.pth", sha256: null },
  train: { lr: 0.1, epochs: 4, workers: 2, bn_splits: 1 },
  loggers: [{ plugin: "./mine.ts" }],
};

/** Compares a run of {@link RECIPE} with a recipe of other values. */
async function compare(
  changed: Values,
  { facts = {}, extend = false, processes = 1, past = stringify(RECIPE) }: {
    facts?: unknown;
    extend?: boolean;
    processes?: number;
    past?: string;
  } = {},
) {
  const path = await Deno.makeTempDir({ prefix: "seed-past-" });
  try {
    await Deno.writeTextFile(`${path}/recipe.yaml`, past);
    await Deno.writeTextFile(`${path}/run.json`, typeof facts === "string" ? facts : JSON.stringify(facts));
    return await compareWithPast(new RunFolder(path), { resolved: stringify({ ...RECIPE, ...changed }) }, {
      ...{ extend, processes },
    });
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

async function refused(
  comparing: Promise<unknown>,
  says: RegExp,
  Kind: typeof RunError | typeof UsageError = UsageError,
) {
  await assert.rejects(comparing, (error: Error) => {
    assert.ok(error instanceof Kind, `${error.stack}`);
    assert.match(error.message, says);
    return true;
  });
}

Deno.test("a teacher's file may lie elsewhere only if its hash is known", async () => {
  const teacher = { ...RECIPE.teacher, weights: "u.pth" };
  const { changes } = await compare({ teacher }, { facts: { teacher: { sha256: "0f" } } });
  assert.deepEqual(changes, [{ key: "teacher.weights", was: "t.pth", now: "u.pth" }]);
  for (const facts of [{}, { teacher: null }, { teacher: { sha256: null } }]) {
    await refused(compare({ teacher }, { facts }), /^ {2}teacher\.weights: "t\.pth" then, "u\.pth" now$/m);
  }
});

Deno.test("of the data only where it lies may change: an option that makes other pictures of the same names may not", async () => {
  await compare({ data: { ...RECIPE.data, root: "b" } });
  await refused(compare({ data: { ...RECIPE.data, size: 64 } }), /^ {2}data\.size: none then, 64 now$/m);
  await refused(compare({ data: { ...RECIPE.data, plugin: "@seed/data-tsv" } }), /^ {2}data\.plugin: /m);
});

Deno.test("a run that is longer already may be extended by the same command once more", async () => {
  await refused(
    compare({}, { extend: true }),
    /^--extend makes a run longer, .* but train\.epochs is 4 as before/,
  );
  const facts = { resumed: [{ at_step: 8 }, { at_step: 8, extended_from_epochs: 2 }] };
  assert.deepEqual(await compare({}, { extend: true, facts }), {
    changes: [],
    extendedFrom: null,
    processesBefore: null,
  });
});

Deno.test("what cannot be read of a run is told with its file", async () => {
  await refused(
    compare({}, { facts: "{" }),
    /run\.json" is damaged: it holds no JSON object; bring it back/,
    RunError,
  );
  await refused(
    compare({}, { past: "a: [" }),
    /^Cannot read what the run began with, ".*recipe\.yaml": /,
    RunError,
  );
  await refused(
    compare({}, { past: "a: &x { b: *x }" }),
    /^Cannot read what the run began with, .*: The alias "\*x" stands within what it names/,
    RunError,
  );
  await refused(compare({}, { past: "12" }), /recipe\.yaml" is no recipe: it holds no mapping/, RunError);
  await refused(compare({}, { past: "" }), /recipe\.yaml" is no recipe: it holds no mapping/, RunError);
});

/** A folder with plugins: the same file twice, one of the same name that is another, and one of another name. */
async function withPlugins(test: (url: (path: string) => string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-plugins-" });
  try {
    const texts = { "a/mine.ts": "1", "b/mine.ts": "1", "c/mine.ts": "2", "b/yours.ts": "1" };
    for (const [path, text] of Object.entries(texts)) {
      await Deno.mkdir(`${folder}/${path}`.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    await test((path) => `file://${folder}/${path}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a plugin's file may be moved with its project, and another one may not take its place", () =>
  withPlugins(async (url) => {
    const of = (plugin: string) => ({
      teacher: { plugin },
      objective: [{ plugin, weight: 1 }, { plugin: "@seed/objective-seed", weight: 1 }],
    });
    const moved = (was: string, now: string) =>
      compare(of(url(now)), { past: stringify({ ...RECIPE, ...of(url(was)) }) });
    for (const was of ["a/mine.ts", "gone/mine.ts", "a/mine.ts/mine.ts"]) {
      const { changes } = await moved(was, "b/mine.ts");
      assert.deepEqual(changes.map(({ key }) => key), ["teacher.plugin", "objective.0.plugin"]);
    }
    await moved("gone/mine.ts#half", "b/mine.ts#half");
    const others = [["a/mine.ts", "c/mine.ts"], ["gone/mine.ts", "b/yours.ts"], [
      "a/mine.ts",
      "b/mine.ts#half",
    ]];
    for (const [was, now] of others) {
      await refused(moved(was, now), /^ {2}teacher\.plugin: "file:.*" then, "file:.*" now$/m);
    }
  }));

Deno.test("of a list the mappings are compared key by key, and the whole if it has more or fewer", async () => {
  const objective = [{ plugin: "a", weight: 1 }, { plugin: "b", weight: 1 }];
  const past = stringify({ ...RECIPE, objective });
  const other = [objective[0], { weight: 0.5, plugin: "b" }];
  await refused(
    compare({ objective: other }, { past }),
    /^ {2}objective\.1\.weight: 1 then, 0\.5 now\n[^ ]/m,
  );
  await refused(
    compare({ objective: [objective[0]] }, { past }),
    /^ {2}objective: \[\{"plugin":"a".* then, \[.*\] now$/m,
  );
  await compare({ objective: objective.map(({ plugin, weight }) => ({ weight, plugin })) }, { past });
});

Deno.test("the documentation tells every key that a resume may change", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/run_directory.md", import.meta.url));
  for (const key of [...Object.keys(MAY_CHANGE), "teacher.weights"]) {
    assert.ok(page.includes(`\`${key}\``), key);
  }
});

Deno.test("another number of processes is accepted by --extend alone, and compared with the last one", async () => {
  const begun = { processes: { count: 2 } };
  await refused(
    compare({}, { facts: begun }),
    /trains in 2 processes, this is one process: .* Resume it with --processes 2, or .* --extend/,
  );
  assert.equal((await compare({}, { facts: begun, processes: 2 })).processesBefore, null);
  assert.equal((await compare({}, { facts: begun, processes: 3, extend: true })).processesBefore, 2);
  // Extended so before: the same command is given again.
  const resumed = [{ processes: { count: 3 }, extended_from_processes: 2 }, { device: "cpu" }];
  const extended = { facts: { ...begun, resumed }, processes: 3 };
  for (const extend of [false, true]) {
    assert.equal((await compare({}, { ...extended, extend })).processesBefore, null);
  }
  await refused(compare({}, { facts: { ...begun, resumed }, processes: 2 }), /trains in 3 processes/);
  // Earlier versions told nothing.
  assert.equal((await compare({}, { facts: {}, processes: 4 })).processesBefore, null);
});
