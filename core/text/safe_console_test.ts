import assert from "node:assert/strict";

const SAFE = new URL("./safe_console.ts", import.meta.url).href;

/** What a process of its own prints. */
async function printed(code: string): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", `import { makeConsoleSafe } from "${SAFE}"; makeConsoleSafe(); ${code}`],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { stdout: text(stdout), stderr: text(stderr) };
}

/** A title, a bell, a cleared line, a C1 sequence, a turned direction. */
const NAME = "\x1b]0;t\x07\x1b[2K\x9b31m\u202e";
const SHOWN = "\\u001b]0;t\\u0007\\u001b[2K\\u009b31m\\u202e";

Deno.test("nothing that a terminal obeys gets through the console, whoever calls it", async () => {
  const calls = ["log", "info", "debug", "dir", "table", "error", "warn", "trace"];
  for (const call of calls) {
    const { stdout, stderr } = await printed(`console.${call}(${JSON.stringify(NAME)})`);
    const [own, other] = ["error", "warn", "trace"].includes(call) ? [stderr, stdout] : [stdout, stderr];
    assert.deepEqual([own, other], [`${SHOWN}\n`, ""], call);
  }
  const { stderr } = await printed(
    `console.error(new Error(${JSON.stringify(NAME)}, { cause: { [${JSON.stringify(NAME)}]: 1 } }));
     console.assert(false, ${JSON.stringify(NAME)})`,
  );
  assert.match(stderr, /^[\n\t\x20-\x7e]+$/);
  assert.match(stderr, /Assertion failed: \\u001b/);
});

Deno.test("JSON on standard output stays JSON, and other text as it is", async () => {
  const value = { [NAME]: [NAME, "100 %s %%"] };
  const json = await printed(`console.log(JSON.stringify(${JSON.stringify(value)}))`);
  assert.deepEqual(JSON.parse(json.stdout), value);
  assert.equal((await printed(`console.log("100 % done, %s", "äé 😍")`)).stdout, "100 % done, äé 😍\n");
  assert.equal((await printed(`console.log("100 %s %%")`)).stdout, "100 %s %%\n");
});

Deno.test({
  name: "a result that cannot be written is an error, with a name",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const program = `import { makeConsoleSafe } from "${SAFE}"; makeConsoleSafe();
      try { console.log("{}") } catch (error) { console.error(error.name, error.message) }`;
    const { stderr } = await new Deno.Command("bash", {
      args: ["-c", '"$@" > /dev/full', "bash", Deno.execPath(), "eval", "--no-lock", program],
    }).output();
    const says = /^RunError Cannot write "standard output": No space left on device/m;
    assert.match(new TextDecoder().decode(stderr), says);
  },
});
