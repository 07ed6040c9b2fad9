import assert from "node:assert/strict";
import { commandLine, nameProgram, programName } from "./command_line.ts";

Deno.test("a command is told as it can be pasted", () => {
  assert.equal(commandLine("ls", ["plugins"]), "deno task ls plugins");
  const before = programName();
  try {
    nameProgram("npx -y deno task");
    assert.equal(
      commandLine("distill", ["a b.yaml", "--set", "data.root=it's"]),
      `npx -y deno task distill 'a b.yaml' --set 'data.root=it'\\''s'`,
    );
    assert.equal(commandLine("ls"), "npx -y deno task ls");
  } finally {
    nameProgram(before);
  }
});

Deno.test("a shell gives the arguments back", { ignore: Deno.build.os === "windows" }, async () => {
  const args = [
    "plain",
    "",
    "a b",
    "it's",
    "$HOME",
    "`id`",
    "*",
    'say "x"',
    "--set",
    "a={ b: [1, 2] }",
    "\\",
    "~",
  ];
  const script = commandLine("x", args).replace(/^deno task x/, "printf '%s\\0'");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), args);
});
