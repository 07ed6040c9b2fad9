/** Whatever is given as a recipe or an override costs one message, in bounded time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { cpuUsage } from "node:process";
import { RunError, UsageError } from "../errors.ts";
import { loadRecipe } from "./load_recipe.ts";

const FINE = `version: 1
data: { plugin: "./plugins.ts#source", root: images }
augmenter: { plugin: "./plugins.ts#augmenter" }
student: { plugin: "./plugins.ts#student" }
objective: { plugin: "./plugins.ts#objective" }
train: { batch_size: 4, epochs: 1, lr: 0.1 }
`;

const DEFAULTS = { engine: "./engine.ts", loggers: [], evaluatorPackage: (key: string) => `./${key}.ts` };

/** Milliseconds of a processor that any of them may take; a fault of this kind takes twenty seconds, or has no end. */
const MOST_MS = 2000;

/** The message that a recipe is refused with, the folder's name taken out. */
async function refusal(content: string | Uint8Array, overrides: string[] = []): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "seed-bounds-" }), path = join(folder, "r.yaml");
  try {
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return (await messageOf(path, overrides)).replaceAll(`${folder}/`, "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function messageOf(path: string, overrides: string[] = []): Promise<string> {
  const before = cpuUsage();
  const error = await loadRecipe(path, { overrides, defaults: DEFAULTS }).catch((error) => error);
  const { user, system } = cpuUsage(before), ms = (user + system) / 1000; // however busy the machine is
  assert.ok(
    error instanceof UsageError || error instanceof RunError,
    `${error.stack ?? error}`.slice(0, 500),
  );
  assert.ok(ms < MOST_MS, `took ${ms} ms`);
  assert.ok(error.message.length < 60_000, `a message of ${error.message.length} characters`);
  return error.message;
}

const keys = (count: number, name = "k") =>
  Array.from({ length: count }, (_, i) => `${name}${i}: 1`).join(", ");

Deno.test("thousands of wrong keys in one line are told as twenty and a count", async () => {
  const message = await refusal(`version: 1\ncheckpoint: {${keys(12_000)}}\n`);
  const lines = message.split("\n");
  assert.equal(lines.filter((line) => line.startsWith("r.yaml:")).length, 20);
  assert.match(lines.at(-1)!, /^\.\.\. and 11985 more problems$/); // 12,000, and five sections that are not there
  assert.ok(lines.every((line) => line.length < 400), "a quoted line is not cut");
  const [line, caret] = lines.slice(lines.findIndex((line) => line.includes('"k3"')) + 1);
  assert.equal(line.slice(caret.indexOf("^")).match(/^k\d+/)?.[0], "k3");
});

Deno.test("as many sections, and options below a section, are told alike", async () => {
  for (const text of [keys(12_000), `train: {${keys(12_000)}}`, `evaluate: {${keys(3000)}}`]) {
    assert.match(await refusal(`{${text}}`), /\n\.\.\. and \d+ more problems$/);
  }
});

Deno.test("the line of a problem is shown around its column", async () => {
  const message = await refusal(`version: 1\ncheckpoint: {${" ".repeat(500)}keep: 0${" ".repeat(500)}}\n`);
  assert.match(
    message,
    /r\.yaml:2:520: Expected a number of more than 0, got 0\n {4}\.\.\. {74}keep: 0 +\.\.\.\n {87}\^/,
  );
});

Deno.test("a long list of wrong values is told in bounds", async () => {
  const zeros = `[${Array(3000).fill(0).join()}]`;
  for (
    const message of [
      await refusal(FINE, [`train.drops=${zeros}`, "train.schedule=steps"]),
      await refusal(FINE.replace("lr: 0.1", `lr: 0.1, schedule: steps, drops: ${zeros}`)),
      await refusal(FINE, [`train.workers=${zeros}`]),
      await refusal(FINE, [`seed=${zeros}`]),
      await refusal(FINE, [`evaluate=${zeros}`]),
    ]
  ) assert.ok(message.length < 20_000, `${message.length} characters`);
});

Deno.test("entries of an override that are wrong alike are one problem", async () => {
  const message = await refusal(FINE.replace("lr: 0.1", "lr: 0.1, schedule: steps"), [
    "train.drops=[0, 0, -1]",
  ]);
  assert.deepEqual(message.split("\n").filter((line) => line.startsWith("--set")), [
    "--set train.drops=[0, 0, -1]: Expected a number of more than 0, got 0",
    "--set train.drops=[0, 0, -1]: Expected a number of more than 0, got -1",
  ]);
});

Deno.test("what stands within itself is refused at the alias", async () => {
  for (const [text, place] of [["seed: &a [*a]", "1:11"], ["checkpoint: &c { keep: *c }", "1:24"]]) {
    assert.match(await refusal(text), new RegExp(`^r\\.yaml:${place}: The alias "\\*\\w" stands within`));
    const [key, value] = text.split(/: (.*)/);
    assert.match(await refusal(FINE, [`${key}=${value}`]), /^--set ".*": .*The alias "\*\w" stands within/);
  }
});

Deno.test("aliases that stand for billions of values are refused", async () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [i, name] of [..."bcdefghijk"].entries()) {
    lines.push(`${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}]`);
  }
  assert.match(await refusal(lines.join("\n")), /^r\.yaml:6:\d+: Excessive alias count/);
  const flow = `{${lines.join(", ")}}`;
  assert.match(await refusal(FINE, [`seed=${flow}`]), /^--set .*Excessive alias count/);
});

Deno.test("an alias is a copy: what is overridden in one is not in the other", async () => {
  const text = `x: &x { plugin: "./a.ts", size: 1 }\nqueue: *x\n`;
  const message = await refusal(text, ["queue=1"]);
  assert.match(message, /^--set queue=1: Expected a mapping/m);
  assert.doesNotMatch(message, /--set queue=1: Unknown section "x"/);
});

Deno.test("deep nesting is refused", async () => {
  for (const depth of [40, 1000, 20_000]) {
    for (
      const text of [
        `a: ${"[".repeat(depth)}${"]".repeat(depth)}`,
        `${"{a: ".repeat(depth)}1${"}".repeat(depth)}`,
        `${"- ".repeat(depth)}1`,
      ]
    ) {
      assert.match(
        await refusal(text),
        /Expected at most 32 levels of mappings and lists/,
        text.slice(0, 40),
      );
    }
    assert.match(await refusal(FINE, [`seed=${"[".repeat(depth)}${"]".repeat(depth)}`]), /at most 32 levels/);
    assert.match(await refusal(FINE, [`${"a.".repeat(depth)}a=1`]), /expected at most 32 keys/);
  }
});

Deno.test("text that the parser chokes on takes no time", async () => {
  const most = 250_000, fill = (part: string) => part.repeat(most / part.length);
  for (
    const part of [
      "[",
      "{a: ",
      "- ",
      "? ",
      "}",
      "&a ",
      "!a ",
      "%A\n",
      "a: *b\n",
      "a: b: c\n",
      '"\\u',
      "a: 1\n",
    ]
  ) {
    assert.ok(await refusal(fill(part)), part);
  }
});

Deno.test("a file that is no recipe costs one message", async () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const cases: [string | Uint8Array, RegExp][] = [
    ["a".repeat(300_000), /^The recipe "r\.yaml" has more than 256 kB/],
    [new Uint8Array(100), /is no text: line 1 holds a byte of 0$/],
    [
      bytes(0x61, 0x3a, 0x20, 0x31, 0x0a, 0x62, 0xff, 0x0a),
      /is not text in UTF-8: see line 2; save it as UTF-8$/,
    ],
    [bytes(0xff, 0xfe, 0x61, 0, 0x3a, 0), /is text in UTF-16, expected UTF-8/],
    [bytes(0xfe, 0xff, 0, 0x61, 0, 0x3a), /is text in UTF-16, expected UTF-8/],
    ["", /The recipe must be a mapping/],
  ];
  for (const [content, says] of cases) assert.match(await refusal(content), says);
});

Deno.test("a byte order mark is no part of the first key", async () => {
  const message = await refusal(`\ufeff${FINE}`);
  assert.doesNotMatch(message, /Unknown|lacks/);
});

Deno.test(
  "a pipe, a device, a folder: one message, no waiting",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-bounds-" }), pipe = join(folder, "r.yaml");
    try {
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      assert.match(await messageOf(pipe), /it is a pipe or a device; save it as a file$/);
      assert.match(await messageOf("/dev/zero"), /it is a pipe or a device/);
      assert.match(await messageOf(folder), /it is a folder/);
      const parent = join(folder, "child.yaml");
      await Deno.writeTextFile(parent, "extends: ./r.yaml\n");
      assert.match(await messageOf(parent), /r\.yaml": it is a pipe or a device/);
      await Deno.writeTextFile(parent, "extends: ./child.yaml/x\n");
      assert.match(await messageOf(parent), /child\.yaml:1:10: There is no recipe/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("a chain of recipes is followed sixteen files far", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-bounds-" });
  try {
    for (let i = 0; i < 300; i++) {
      await Deno.writeTextFile(join(folder, `${i}.yaml`), `extends: ./${i + 1}.yaml\n`);
    }
    assert.match(await messageOf(join(folder, "0.yaml")), /15\.yaml:1:10: Expected at most 16 recipes/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("values that JSON has no word for are told as they are", async () => {
  const message = await refusal(FINE.replace("lr: 0.1", "lr: .inf").replace("epochs: 1", "epochs: .nan"));
  assert.match(message, /got Infinity/);
  assert.match(message, /got NaN/);
  assert.match(await refusal(FINE, ["train.lr=-.inf"]), /^--set train\.lr=-\.inf: .* got -Infinity$/m);
});

Deno.test("an entry far behind the end of a list that is not there is one problem", async () => {
  assert.equal(
    await refusal(FINE, ["loggers.5="]),
    '--set "loggers.5=": "loggers" is not there, so its first entry has the number 0',
  );
  const own = (await refusal(FINE, ["loggers.0="])).split("\n").filter((line) => line.includes("got null"));
  assert.deepEqual(own, ["--set loggers.0=: Expected a mapping such as { plugin: NAME }, got null"]);
});

Deno.test("names of a recipe reach the terminal as escapes", async () => {
  const message = await refusal(`"\\e]0;x\\a\\u202e": 1\n"data": { "\\e[2J": 1, plugin: "\\e[31m" }\n`, [
    "\u001b[1m=2",
  ]);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(message, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

Deno.test("no key reaches an object's prototype", async () => {
  for (const text of ["__proto__: { polluted: 1 }", "data: { __proto__: { polluted: 1 } }"]) {
    assert.match(await refusal(text), /No mapping of a recipe has the key "__proto__"/);
  }
  await refusal(FINE, [
    "__proto__.polluted=1",
    "data.__proto__.polluted=1",
    "constructor.prototype.polluted=1",
  ]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
