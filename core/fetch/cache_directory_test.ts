import assert from "node:assert/strict";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { writingInCache } from "./cache_directory.ts";

const MODULE = new URL("./cache_directory.ts", import.meta.url).href;

/** Where the cache is in a process with these variables alone. */
async function place(env: Record<string, string>, cwd: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", `import { cacheDirectory } from "${MODULE}"; console.log(cacheDirectory())`],
    env: { DENO_DIR: join(cwd, "deno"), ...env },
    clearEnv: true,
    cwd,
  }).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}

Deno.test("the cache is where it is said, or at home, never in the folder where a command is given", {
  ignore: Deno.build.os !== "linux", // other systems have other places
}, async () => {
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "seed-cache-" }));
  try {
    assert.equal(await place({ SEED_CACHE_DIR: "/a/b", HOME: "/home/me" }, cwd), "/a/b");
    assert.equal(await place({ SEED_CACHE_DIR: "mine" }, cwd), join(cwd, "mine"));
    assert.equal(await place({ XDG_CACHE_HOME: "/caches", HOME: "/home/me" }, cwd), "/caches/seed");
    for (const unset of [[], [["XDG_CACHE_HOME", ""]], [["XDG_CACHE_HOME", "caches"]]]) {
      assert.equal(
        await place({ ...Object.fromEntries(unset), HOME: "/home/me" }, cwd),
        "/home/me/.cache/seed",
      );
    }
    const home = await new Deno.Command("sh", { args: ["-c", 'getent passwd "$(id -u)" | cut -d: -f6'] })
      .output();
    const known = new TextDecoder().decode(home.stdout).trim();
    assert.equal(await place({}, cwd), join(known, ".cache", "seed"));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("a cache that cannot be written is told with its folder and what to do; other errors are as they are", async () => {
  const folder = await Deno.makeTempDir({ prefix: "seed-cache-" });
  try {
    const file = join(folder, "file");
    await writingInCache(join(folder, "new"), () => Deno.writeTextFile(join(folder, "new", "x"), "x"));
    await Deno.writeTextFile(file, "");
    await assert.rejects(writingInCache(join(file, "below"), () => Promise.resolve()), (error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        /^Cannot write in the cache folder ".*file\/below": .*set SEED_CACHE_DIR to/,
      );
      return true;
    });
    const defect = new Error("mine");
    await assert.rejects(writingInCache(folder, () => Promise.reject(defect)), defect);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
