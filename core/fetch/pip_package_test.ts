import assert from "node:assert/strict";
import { join } from "node:path";
import { sha256OfFile } from "./file_hash.ts";
import { installPackage, type PipPackage, type PipPackages } from "./pip_package.ts";
import { findPip } from "./pip_program.ts";

const INSTALL = new URL("./testdata/install.ts", import.meta.url).pathname;
const MAKE_WHEEL = new URL("./testdata/make_wheel.py", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A folder with an index of one wheel, and what to install from it. */
interface Place {
  folder: string;
  wanted: Omit<PipPackage, "log" | "signal">;
  env: Record<string, string>;
}

async function withIndex(test: (place: Place) => Promise<void>, bytes = 1000): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-pip-" });
  try {
    await Deno.mkdir(join(folder, "index"));
    const sha256 = [await makeWheel(folder, "seedtiny", bytes)];
    const into = join(folder, "cache", "seedtiny-1.0");
    await test({
      folder,
      wanted: { name: "seedtiny", version: "1.0", sha256, into, expect: ["seedtiny/data.bin"] },
      env: { PIP_NO_INDEX: "1", PIP_FIND_LINKS: join(folder, "index") },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Puts version 1.0 of a package into a folder's index; returns its hash. */
async function makeWheel(folder: string, name: string, bytes: number): Promise<string> {
  const { program: python } = await findPip();
  const made = await new Deno.Command(python, {
    args: [MAKE_WHEEL, join(folder, "index"), name, "1.0", `${bytes}`],
  }).output();
  assert.ok(made.success, new TextDecoder().decode(made.stderr));
  return await sha256OfFile(join(folder, "index", `${name}-1.0-py3-none-any.whl`));
}

type Wanted = Place["wanted"] | Omit<PipPackages, "log" | "signal">;

function start(wanted: Wanted, env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--config", CONFIG, INSTALL, JSON.stringify(wanted)],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function install(wanted: Wanted, env: Record<string, string>) {
  const { code, stdout, stderr } = await start(wanted, env).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Names in the folder that the package is installed into, the lock left out. */
async function installed({ wanted }: Place): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(join(wanted.into, "..")), ({ name }) => name);
  return names.filter((name) => !name.endsWith(".lock")).sort();
}

Deno.test("a package is installed whole, once, and found the next time without pip", () =>
  withIndex(async (place) => {
    const first = await install(place.wanted, place.env);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^Installing seedtiny 1\.0 from PyPI \(once\)\nInstalled seedtiny 1\.0 in /);
    assert.equal((await Deno.stat(join(place.wanted.into, "seedtiny/data.bin"))).size, 1000);
    assert.deepEqual(await installed(place), ["seedtiny-1.0"]);
    assert.deepEqual(
      (await Array.fromAsync(Deno.readDir(place.wanted.into), ({ name }) => name)).sort(),
      ["seedtiny", "seedtiny-1.0.dist-info"],
    );
    assert.deepEqual(await install(place.wanted, { PATH: place.folder }), {
      code: 0,
      stdout: "",
      stderr: "",
    });
  }));

Deno.test("several packages are installed into one folder, all or none", () =>
  withIndex(async (place) => {
    const { wanted: { sha256, into }, folder } = place;
    const pin = (name: string, sha256: readonly string[]) => ({ name, version: "1.0", sha256 });
    const second = [await makeWheel(folder, "seedsecond", 500)];
    const both = {
      what: "two of them",
      space: "1 MB",
      expect: ["seedtiny/data.bin", "seedsecond/data.bin"],
      into,
    };
    const wrong = [pin("seedtiny", sha256), pin("seedsecond", sha256)];
    const refused = await install({ ...both, packages: wrong }, place.env);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^Cannot install two of them: the download is not the pinned file/);
    assert.deepEqual(await installed(place), []);
    const packages = [pin("seedtiny", sha256), pin("seedsecond", second)];
    const { code, stdout, stderr } = await install({ ...both, packages }, place.env);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^Installing two of them from PyPI \(once\)\nInstalled two of them in \S+seedtiny-1\.0$/,
    );
    for (const file of both.expect) assert.ok((await Deno.stat(join(into, file))).isFile);
  }));

Deno.test("a file of another hash is refused and leaves nothing; a second try works", () =>
  withIndex(async (place) => {
    const wrong = await install({ ...place.wanted, sha256: ["0".repeat(64)] }, place.env);
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.stderr,
      /^Cannot install seedtiny 1\.0: the download is not the pinned file: try again, and/,
    );
    assert.deepEqual(await installed(place), []);
    const second = await install(place.wanted, place.env);
    assert.equal(second.code, 0, second.stderr);
  }));

Deno.test("a wheel without the expected file is refused and leaves nothing", () =>
  withIndex(async (place) => {
    const { code, stderr } = await install({ ...place.wanted, expect: ["seedtiny/library.so"] }, place.env);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'The package seedtiny 1.0 does not hold "seedtiny/library.so"; what was fetched is not the expected one',
    );
    assert.deepEqual(await installed(place), []);
  }));

Deno.test("a version that the index lacks, and an index that cannot be reached, are told apart", () =>
  withIndex(async (place) => {
    const lacking = await install({ ...place.wanted, version: "2.0" }, place.env);
    assert.equal(lacking.code, 1);
    assert.match(lacking.stderr, /^Cannot install seedtiny 2\.0: the package index does not offer this file/);
    const unreachable = await install(place.wanted, {
      PIP_NO_INDEX: "0",
      PIP_FIND_LINKS: "",
      PIP_INDEX_URL: "http://127.0.0.1:9/simple",
      PIP_RETRIES: "1",
    });
    assert.equal(unreachable.code, 1);
    assert.match(
      unreachable.stderr,
      /^Cannot install seedtiny 1\.0: the package index cannot be reached: check/,
    );
  }));

Deno.test("without pip the ways that were tried are told", () =>
  withIndex(async (place) => {
    const { code, stderr } = await install(place.wanted, { ...place.env, PATH: join(place.folder, "index") });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Cannot find pip \(tried "python3 -m pip", .*\); install Python 3 with pip and try again$/,
    );
    assert.deepEqual(await installed(place), []);
  }));

Deno.test("of two processes at once one installs, the other waits and finds it", () =>
  withIndex(async (place) => {
    const both = await Promise.all([install(place.wanted, place.env), install(place.wanted, place.env)]);
    for (const { code, stderr } of both) assert.equal(code, 0, stderr);
    const lines = both.flatMap(({ stdout }) => stdout.split("\n"));
    assert.equal(lines.filter((line) => line.startsWith("Installed ")).length, 1, lines.join("\n"));
    assert.deepEqual(await installed(place), ["seedtiny-1.0"]);
  }));

/** A `python3` that writes a half of a package and then waits, as on a slow line. */
async function slowPython(folder: string): Promise<string> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  await Deno.writeTextFile(
    join(bin, "python3"),
    `#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
while [ "$1" != --target ]; do shift; done
mkdir "$2/seedtiny" && echo half > "$2/seedtiny/data.bin" && echo $$ > "${folder}/pid"
exec sleep 60
`,
    { mode: 0o755 },
  );
  return bin;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it did not happen within ten seconds");
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

const posix = { ignore: Deno.build.os === "windows" }; // the slow pip is a shell script

Deno.test(
  "a process that waits takes over from one that is killed in a download",
  posix,
  () =>
    withIndex(async (place) => {
      const slow = start(place.wanted, {
        ...place.env,
        PATH: `${await slowPython(place.folder)}:/usr/bin:/bin`,
      });
      await until(() => exists(join(place.folder, "pid")));
      const second = start(place.wanted, place.env), output = second.output();
      try {
        // It has to wait: the first one is alive.
        const early = await Promise.race([
          second.status,
          new Promise((resolve) => setTimeout(resolve, 1500, "waits")),
        ]);
        assert.equal(early, "waits");
        assert.ok(!await exists(place.wanted.into));
      } finally {
        slow.kill("SIGKILL");
        Deno.kill(Number(await Deno.readTextFile(join(place.folder, "pid"))), "SIGKILL");
      }
      await slow.output();
      const { code, stdout, stderr } = await output;
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      assert.match(
        new TextDecoder().decode(stdout),
        /^Waiting for another process that is installing the same package/,
      );
      // What the first one had of it is gone.
      assert.deepEqual(await installed(place), ["seedtiny-1.0"]);
      assert.equal((await Deno.stat(join(place.wanted.into, "seedtiny/data.bin"))).size, 1000);
    }),
);

Deno.test("a user who interrupts leaves nothing", posix, () =>
  withIndex(async (place) => {
    const path = Deno.env.get("PATH")!, abort = new AbortController();
    Deno.env.set("PATH", `${await slowPython(place.folder)}:${path}`);
    try {
      const running = installPackage({ ...place.wanted, log: () => {}, signal: abort.signal });
      running.catch(() => {}); // looked at below
      await until(() => exists(join(place.folder, "pid")));
      abort.abort();
      await assert.rejects(running, { name: "AbortError" });
    } finally {
      Deno.env.set("PATH", path);
    }
    assert.deepEqual(await installed(place), []);
  }));

Deno.test("a full disk is told, and leaves nothing", async (t) => {
  const disk = await Deno.makeTempDir({ prefix: "seed-disk-" });
  const args = ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk];
  const mount = await Promise.try(() => new Deno.Command("mount", { args }).output())
    .catch((error) => ({ success: false, stderr: new TextEncoder().encode(error.message) }));
  if (!mount.success) {
    console.log(
      `Not tried: a small disk cannot be mounted here (${new TextDecoder().decode(mount.stderr).trim()})`,
    );
    await Deno.remove(disk);
    return;
  }
  try {
    await withIndex(async (place) => {
      const wanted = { ...place.wanted, into: join(disk, "seedtiny-1.0") };
      await t.step("during the download", async () => {
        const { code, stderr } = await install(wanted, place.env);
        assert.equal(code, 1);
        assert.match(stderr, /^Cannot install seedtiny 1\.0: the disk is full: free some space/);
        assert.deepEqual(await installed({ ...place, wanted }), []);
      });
      await t.step("before it", async () => {
        await Deno.writeFile(join(disk, "large"), new Uint8Array(1 << 20)).catch(() => {});
        const { code, stderr } = await install(wanted, place.env);
        assert.equal(code, 1);
        assert.match(stderr, /^Cannot install seedtiny 1\.0: the disk is full: free some space/);
      });
      await t.step("with space again it works", async () => {
        await Deno.remove(join(disk, "large"));
        await new Deno.Command("mount", { args: ["-o", "remount,size=8m", disk] }).output();
        const { code, stderr } = await install(wanted, place.env);
        assert.equal(code, 0, stderr);
      });
    }, 600_000);
  } finally {
    await new Deno.Command("umount", { args: [disk] }).output();
    await Deno.remove(disk);
  }
});
