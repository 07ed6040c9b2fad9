/**
 * The command line as the tasks of `deno.json` call it: where paths begin, and what messages call the program.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ROOT, runCli } from "./support/cli.ts";

async function runTask(verb: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", `${ROOT}deno.json`, verb, ...args],
    env: { NO_COLOR: "1", npm_lifecycle_event: "", INIT_CWD: cwd, ...env },
    cwd,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const RECIPE = `version: 1
data: { plugin: "@seed/data-image-folder", root: images }
augmenter: { plugin: "@seed/augmenter-moco-v2", size: 32 }
student: { plugin: "@seed/student-resnet", depth: 18, head: { hidden: 16, dim: 12 } }
queue: { plugin: "@seed/queue-fifo", size: 16 }
objective: { plugin: "@seed/objective-moco" }
train: { batch_size: 4, epochs: 1, lr: 0.03 }
`;

Deno.test("a task's paths begin where it is given, and hints name the command that was used", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "seed-task-" }));
  try {
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE);
    const found = await runTask("validate", ["mine.yaml"], folder);
    assert.deepEqual([found.code, found.stderr], [0, "mine.yaml: valid\n"]);
    const missing = await runTask("validate", ["yours.yaml"], folder);
    assert.equal(missing.code, 2);
    assert.equal(
      missing.stderr,
      `There is no recipe "yours.yaml"; \`deno task --config ${ROOT}deno.json ls recipes\` lists those that come with SEED\n`,
    );
    const npx = await runTask("validate", ["yours.yaml"], ROOT, { npm_lifecycle_event: "npx" });
    assert.match(npx.stderr, /; `npx -y deno task ls recipes` lists/);
    const gone = await runTask("validate", ["mine.yaml"], folder, { INIT_CWD: `${folder}/gone` });
    assert.equal(gone.code, 2);
    assert.match(gone.stderr, /^INIT_CWD names .*cannot be entered/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each verb's help ends in an example, which is shown where the flags are wrong", async () => {
  const help = (await runCli(["--help"])).stdout,
    verbs = [...help.matchAll(/^ {2}(\w+) /gm)].map(([, verb]) => verb);
  assert.ok(verbs.length > 10);
  for (const verb of verbs) {
    const { help } = await import(`../cli/${verb}.ts`);
    assert.match(help, new RegExp(`\\nExample: deno task ${verb}\\b.*(\\n {9}deno task ${verb} .*)*$`), verb);
  }
  const { code, stderr } = await runCli(["pack", "--form", "tsv"]);
  assert.equal(code, 2);
  assert.match(stderr, /^Unknown flag "--form"\..*\n {4}Example: .* pack photos photos-packed --to tar\n$/);
});

Deno.test("without a task nothing looks at INIT_CWD", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-task-" });
  try {
    await Deno.writeTextFile(`${folder}/mine.yaml`, RECIPE);
    const { code, stderr } = await runCli(["validate", "mine.yaml"], { cwd: folder, env: { INIT_CWD: "/" } });
    assert.deepEqual([code, stderr], [0, "mine.yaml: valid\n"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--version and --help are told, and are no error", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const told = await runCli(["--version"]);
  assert.deepEqual([told.code, told.stdout, told.stderr], [
    0,
    `SEED for Deno ${version}, Deno ${Deno.version.deno}\n`,
    "",
  ]);
  const helped = await runCli(["--help"]);
  assert.equal(helped.code, 0);
  assert.match(helped.stdout, /^Usage: .* VERB \[--help\]\n +.* --version\n/);
});
