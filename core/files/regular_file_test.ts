import assert from "node:assert/strict";
import { RunError } from "../errors.ts";
import {
  openRegular,
  openRegularSync,
  readRegular,
  requireRegularFile,
  requireRegularFileSync,
} from "./regular_file.ts";

Deno.test({
  name: "what a name leads to is told before it is opened",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "seed-files-" });
    try {
      const at = (name: string) => `${folder}/${name}`;
      await Deno.writeTextFile(at("file"), "12");
      await Deno.symlink(at("file"), at("link"));
      for (const name of ["file", "link"]) {
        assert.equal((await requireRegularFile(at(name))).size, 2);
        assert.equal(requireRegularFileSync(at(name)).size, 2);
        for (const file of [await openRegular(at(name)), openRegularSync(at(name))]) {
          assert.equal(file.statSync().size, 2);
          file.close();
        }
        assert.deepEqual(await readRegular(at(name), 2), Uint8Array.of(49, 50));
        await assert.rejects(
          readRegular(at(name), 1),
          /^RunError: The file ".*" has 2 bytes, expected a file of at most 1$/,
        );
      }
      await new Deno.Command("mkfifo", { args: [at("pipe")] }).output();
      await Deno.symlink("/dev/zero", at("zeros"));
      await Deno.symlink("/gone/x.jpg", at("dangling"));
      await Deno.symlink(at("loop"), at("loop"));
      const says: Record<string, string> = {
        [folder]: `"${folder}" is a folder, expected a file`,
        [at("pipe")]: `"${at("pipe")}" is a pipe, expected a file`,
        [at("zeros")]: `"${at("zeros")}" is a device, expected a file`,
        [at("dangling")]: `The link "${at("dangling")}" leads to "/gone/x.jpg", which is not there`,
        [at("loop")]: `The link "${at("loop")}" leads to itself`,
        [at("none\n")]: `There is no file "${folder}/none\\n"`,
        [at("\ufffd")]: `The name "${folder}/\ufffd" is not UTF-8; rename the file`,
      };
      for (const [path, message] of Object.entries(says)) {
        const isRight = (error: Error) => {
          assert.ok(error instanceof RunError, `${error.stack}`);
          assert.equal(error.message, message);
          return true;
        };
        await assert.rejects(requireRegularFile(path), isRight);
        await assert.rejects(openRegular(path), isRight);
        await assert.rejects(readRegular(path, 9), isRight);
        assert.throws(() => requireRegularFileSync(path), isRight);
        assert.throws(() => openRegularSync(path), isRight);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
