import assert from "node:assert/strict";
import { inFolder } from "../../tests/support/plugin_context.ts";
import { Workbench } from "./measure.ts";

Deno.test("where no picture can be measured on, no folder is left", () =>
  inFolder(async (folder) => {
    const before = Deno.env.get("TMPDIR");
    Deno.env.set("TMPDIR", folder);
    try {
      const images = [{ name: "a", file: "/pictures/a\tb.png" }];
      await assert.rejects(Workbench.open(images, 8), /tabs or ends of lines/);
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    } finally {
      if (before === undefined) Deno.env.delete("TMPDIR");
      else Deno.env.set("TMPDIR", before);
    }
  }));
