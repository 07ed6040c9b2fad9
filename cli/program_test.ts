import assert from "node:assert/strict";
import { programOf } from "./program.ts";

const start = (module: string, cwd: string, env: Record<string, string> = {}) =>
  programOf({ mainModule: `file:///home/me/seed/cli/${module}`, cwd, env: (name) => env[name] });
const NPX = { npm_lifecycle_event: "npx" };

Deno.test("the program is called as it was called", { ignore: Deno.build.os === "windows" }, () => {
  assert.equal(start("task.ts", "/home/me/seed", NPX), "npx -y deno task");
  assert.equal(start("task.ts", "/home/me/seed/recipes", {}), "deno task");
  assert.equal(
    start("task.ts", "/home/me/seed2", NPX),
    "npx -y deno task --config /home/me/seed/deno.json",
  );
  assert.equal(start("main.ts", "/home/me/seed"), "deno run --allow-all cli/main.ts");
  assert.equal(start("main.ts", "/tmp", NPX), "npx -y deno run --allow-all /home/me/seed/cli/main.ts");
});
