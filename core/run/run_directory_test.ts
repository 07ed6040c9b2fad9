import assert from "node:assert/strict";
import { RunError, UsageError } from "../errors.ts";
import { RunDirectory } from "./run_directory.ts";
import { RunFolder } from "./run_folder.ts";

/** Runs a test where runs are made: in a folder of its own. */
async function inFolder(test: () => Promise<void>): Promise<void> {
  const before = Deno.cwd(), folder = await Deno.makeTempDir({ prefix: "seed-runs-" });
  Deno.chdir(folder);
  try {
    await test();
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
}

async function begun(named: string | null = null): Promise<RunDirectory> {
  const directory = await RunDirectory.create("demo", named);
  await directory.begin("version: 1\n", {}, () => Deno.writeTextFile(directory.checkpointFile(0), ""));
  await directory[Symbol.asyncDispose](); // the process that made it is over
  return directory;
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Sets when a run began. */
const setTime = (run: string, seconds: number) => Deno.utime(`${run}/recipe.yaml`, seconds, seconds);

Deno.test("a run without a name gets the recipe's, or the first free number of it", () =>
  inFolder(async () => {
    const paths = [];
    for (let i = 0; i < 3; i++) paths.push((await begun()).path);
    assert.deepEqual(paths, ["runs/demo", "runs/demo-2", "runs/demo-3"]);
    await Deno.remove("runs/demo-2", { recursive: true });
    assert.equal((await begun()).path, "runs/demo-2");
    assert.equal((await RunDirectory.create("other", null)).path, "runs/other");
  }));

Deno.test("runs that begin at the same time get folders of their own", () =>
  inFolder(async () => {
    const runs = await Promise.all(Array.from({ length: 8 }, () => RunDirectory.create("demo", null)));
    assert.equal(new Set(runs.map(({ path }) => path)).size, 8);
  }));

Deno.test("a folder that is named is made, with those above it; an empty one is taken", () =>
  inFolder(async () => {
    await begun("a/b/c");
    assert.ok(await exists("a/b/c/checkpoints"));
    await Deno.mkdir("empty");
    assert.equal((await begun("empty")).path, "empty");
  }));

Deno.test("a folder with something in it is refused, and left as it is", () =>
  inFolder(async () => {
    await Deno.mkdir("used");
    await Deno.writeTextFile("used/notes.txt", "mine");
    await assert.rejects(RunDirectory.create("demo", "used"), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /^The folder "used" is not empty; add --resume to go on with its run, or name/,
      );
      return true;
    });
    assert.deepEqual(await Array.fromAsync(Deno.readDir("used"), ({ name }) => name), ["notes.txt"]);
    await assert.rejects(RunDirectory.create("demo", "used/notes.txt"), /"used\/notes\.txt" is a file/);
  }));

Deno.test("a run that could not begin leaves no folder, one that has begun does", () =>
  inFolder(async () => {
    {
      await using failed = await RunDirectory.create("demo", null);
      assert.ok(await exists(failed.path));
    }
    assert.ok(!await exists("runs/demo"));
    {
      await using begun = await RunDirectory.create("demo", null);
      await begun.begin("version: 1\n", {}, () => Deno.writeTextFile(begun.checkpointFile(0), ""));
    }
    assert.equal(await Deno.readTextFile("runs/demo/recipe.yaml"), "version: 1\n");
  }));

Deno.test("a resume without a name opens the recipe's run that began last", () =>
  inFolder(async () => {
    for (let i = 0; i < 3; i++) await begun();
    await RunDirectory.create("demo", null); // never began
    await begun("runs/demo-long"); // another recipe's
    await begun("runs/demo-long-2");
    await setTime("runs/demo", 1000);
    await setTime("runs/demo-2", 3000);
    await setTime("runs/demo-3", 2000);
    assert.equal((await RunDirectory.open("demo", null)).path, "runs/demo-2");
    assert.equal((await RunDirectory.open("demo", "runs/demo-3")).path, "runs/demo-3");
  }));

Deno.test("a resume without a name opens no run of a recipe that is called like another's next one", () =>
  inFolder(async () => {
    const begin = async (recipe: string) => {
      await using directory = await RunDirectory.create(recipe, null);
      const facts = { recipe: `/work/recipes/${recipe}.yaml` };
      await directory.begin("version: 1\n", facts, () => Deno.writeTextFile(directory.checkpointFile(0), ""));
      return directory.path;
    };
    const opened = async (recipe: string) => {
      await using directory = await RunDirectory.open(recipe, null);
      return directory.path;
    };
    const paths = [await begin("demo"), await begin("demo-2"), await begin("demo")];
    assert.deepEqual(paths, ["runs/demo", "runs/demo-2", "runs/demo-3"]);
    await setTime("runs/demo", 1000);
    await setTime("runs/demo-3", 2000);
    await setTime("runs/demo-2", 3000);
    assert.equal(await opened("demo"), "runs/demo-3");
    assert.equal(await opened("demo-2"), "runs/demo-2");
    await Deno.remove("runs/demo-2", { recursive: true });
    assert.equal(await begin("demo"), "runs/demo-2");
    await assert.rejects(opened("demo-2"), /There is no run to resume in "runs\/demo-2"/);
  }));

Deno.test("a resume without a run is refused", () =>
  inFolder(async () => {
    const refused = (named: string | null, says: RegExp) =>
      assert.rejects(RunDirectory.open("demo", named), (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, says);
        return true;
      });
    await refused(null, /^There is no run to resume in "runs\/demo"; leave --resume out to start one$/);
    await refused("elsewhere", /"elsewhere"/);
    await RunDirectory.create("demo", null);
    await refused(null, /"runs\/demo"/);
  }));

Deno.test("checkpoints are listed in order, whatever else lies beside them", () =>
  inFolder(async () => {
    const directory = await begun();
    assert.deepEqual(await directory.checkpointSteps(), [0]);
    for (const step of [20, 0, 1_000_000, 3]) await Deno.writeTextFile(directory.checkpointFile(step), "");
    await Deno.writeTextFile(directory.checkpointFile(7) + ".tmp", "");
    await Deno.writeTextFile(`${directory.file("checkpoints")}/notes`, "");
    assert.equal(directory.checkpointFile(3), "runs/demo/checkpoints/step-0000003.safetensors");
    assert.deepEqual(await directory.checkpointSteps(), [0, 3, 20, 1_000_000]);
  }));

Deno.test("a resume removes what a crash left half written, and nothing else", () =>
  inFolder(async () => {
    const directory = await begun();
    const left = [directory.checkpointFile(7) + ".123-0.tmp", `${directory.path}/summary.json.9-12.tmp`];
    const kept = [directory.checkpointFile(7), `${directory.path}/notes.tmp`];
    for (const path of [...left, ...kept]) await Deno.writeTextFile(path, "");
    await RunDirectory.open("demo", null);
    for (const path of left) assert.ok(!await exists(path), path);
    for (const path of kept) assert.ok(await exists(path), path);
  }));

Deno.test("metrics are read line by line; a damaged one is named", () =>
  inFolder(async () => {
    const directory = await begun();
    assert.deepEqual((await directory.metrics()).lines, []);
    await directory.writeText("metrics", '{"step":1}\n{"step":2}\n');
    assert.deepEqual((await directory.metrics()).lines, [{ step: 1 }, { step: 2 }]);
    await directory.writeText("metrics", '{"step":1}\n{"st\n');
    const { lines, problem } = await directory.metrics();
    assert.deepEqual(lines, [{ step: 1 }]);
    assert.match(problem!, /^Line 2 of ".*metrics\.jsonl" is damaged/);
  }));

/** Another process that goes on with a run, until it is killed. */
async function otherProcess(path: string): Promise<Deno.ChildProcess> {
  const script = `
    const { RunDirectory } = await import(${JSON.stringify(import.meta.resolve("./run_directory.ts"))});
    globalThis.held = await RunDirectory.open("demo", ${JSON.stringify(path)});
    console.log("held");
    setInterval(() => {}, 1000);`;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["eval", "--config", config, script];
  const other = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  const reader = other.stdout.getReader(), { value } = await reader.read();
  await reader.cancel();
  assert.equal(new TextDecoder().decode(value), "held\n");
  return other;
}

Deno.test("a run that another process writes is refused before anything of it changes, until that is killed", () =>
  inFolder(async () => {
    const { path } = await begun(), other = await otherProcess(path);
    const left = `${path}/summary.json.9-12.tmp`; // the other's, half written
    try {
      await Deno.writeTextFile(left, "{");
      for (const named of [null, path]) {
        await assert.rejects(RunDirectory.open("demo", named), {
          name: "UsageError",
          message:
            'Another process is writing the run "runs/demo"; wait until it is done or interrupt it, or ' +
            "name another folder with --out",
        });
      }
      await assert.rejects(RunDirectory.create("demo", path), /is not empty; add --resume/);
      assert.ok(await exists(left), "the other's file was left alone");
      // Whoever only reads is not kept out.
      assert.deepEqual((await new RunFolder(path).metrics()).lines, []);
    } finally {
      other.kill("SIGKILL");
      await other.status;
    }
    await using _resumed = await RunDirectory.open("demo", path);
    assert.ok(!await exists(left));
  }));

Deno.test("a lock that nobody holds keeps nobody out, and a folder with nothing but a lock is empty", () =>
  inFolder(async () => {
    {
      await using directory = await RunDirectory.create("demo", "killed");
      await directory.begin("version: 1\n", {}, () => Deno.writeTextFile(directory.checkpointFile(0), ""));
    }
    assert.ok(await exists("killed/.lock"));
    await using resumed = await RunDirectory.open("demo", "killed");
    assert.equal(resumed.path, "killed");
    {
      await using _never = await RunDirectory.create("demo", "begun");
    }
    assert.ok(!await exists("begun"));
    await Deno.mkdir("locked");
    await Deno.writeTextFile("locked/.lock", "");
    await using taken = await RunDirectory.create("demo", "locked");
    assert.equal(taken.path, "locked");
  }));

/** What a start that was killed at one moment or another has left. */
const LEFT_BY_STARTS: Record<string, (folder: string) => Promise<void>> = {
  "nothing but the lock": () => Promise.resolve(),
  "an empty folder of checkpoints": (folder) => Deno.mkdir(`${folder}/checkpoints`),
  "a checkpoint half written": async (folder) => {
    await Deno.mkdir(`${folder}/checkpoints`);
    await Deno.writeTextFile(`${folder}/checkpoints/step-0000000.safetensors.4711-0.tmp`, "half");
  },
  "the first checkpoint, and the facts": async (folder) => {
    await Deno.mkdir(`${folder}/checkpoints`);
    await Deno.writeTextFile(`${folder}/checkpoints/step-0000000.safetensors`, "whole");
    await Deno.writeTextFile(`${folder}/run.json`, "{}");
    await Deno.writeTextFile(`${folder}/recipe.yaml.4711-1.tmp`, "half");
  },
  "a recipe without a checkpoint, as versions before left it": async (folder) => {
    await Deno.mkdir(`${folder}/checkpoints`);
    await Deno.writeTextFile(`${folder}/recipe.yaml`, "version: 1");
  },
};

for (const [what, leave] of Object.entries(LEFT_BY_STARTS)) {
  Deno.test(`a start that was killed bars no other: it left ${what}`, () =>
    inFolder(async () => {
      for (const folder of ["named", "runs/demo"]) {
        await Deno.mkdir(folder, { recursive: true });
        await Deno.writeTextFile(`${folder}/.lock`, "");
        await leave(folder);
        const out = folder === "named" ? folder : null;
        await assert.rejects(RunDirectory.open("demo", out), (error: Error) => {
          assert.ok(error instanceof UsageError, `${error.stack}`);
          assert.match(error.message, /leave --resume out to start/);
          return true;
        });
        assert.equal((await begun(out)).path, folder);
        assert.deepEqual(await new RunFolder(folder).checkpointSteps(), [0]);
        await RunDirectory.open("demo", out).then((directory) => directory[Symbol.asyncDispose]());
      }
    }));
}

Deno.test("earlier versions locked nothing: what their starts have left bars no other, and a recipe of one's own is kept", () =>
  inFolder(async () => {
    for (const out of ["named", null]) {
      for (
        const recipe of [
          null,
          "version: 1\nseed: 0\nengine: {}\ncheckpoint: {}\nloggers: []\n",
          "version: 1 # mine\n",
        ]
      ) {
        const folder = out ?? "runs/demo", own = `${folder}/recipe-before.yaml`;
        await Deno.mkdir(`${folder}/checkpoints`, { recursive: true });
        if (recipe) await Deno.writeTextFile(`${folder}/recipe.yaml`, recipe);
        await assert.rejects(RunDirectory.open("demo", out), /leave --resume out to start/);
        {
          await using _failed = await RunDirectory.create("demo", out);
        }
        const isOwn = recipe?.includes("mine") ?? false;
        if (isOwn) assert.equal(await Deno.readTextFile(own), recipe);
        assert.equal((await begun(out)).path, folder);
        assert.equal(await exists(own), isOwn);
        await Deno.remove(folder, { recursive: true });
      }
    }
  }));

Deno.test("what is somebody's own is not taken for what a start has left", () =>
  inFolder(async () => {
    const kept: Record<string, string[]> = {
      "a recipe of one's own": ["recipe.yaml"],
      "a recipe, and a folder of checkpoints of something else": ["recipe.yaml", "checkpoints/best.pth"],
      "something of one's own among the checkpoints": [".lock", "recipe.yaml", "checkpoints/notes.txt"],
      "a recipe beside a lock of something else": ["recipe.yaml", "notes.txt", ".lock"],
      "metrics of a run": [".lock", "recipe.yaml", "metrics.jsonl"],
      "a later checkpoint": [".lock", "checkpoints/step-0000008.safetensors"],
      "a checkpoint that was copied here": ["checkpoints/step-0000000.safetensors"],
      "a file called checkpoints": ["checkpoints"],
    };
    for (const [folder, files] of Object.entries(kept)) {
      for (const file of files) {
        await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(`${folder}/${file}`, "version: mine");
      }
      await assert.rejects(RunDirectory.create("demo", folder), /is not empty/, folder);
      for (const file of files) assert.equal(await Deno.readTextFile(`${folder}/${file}`), "version: mine");
    }
  }));

Deno.test("a start that fails leaves a folder that was there as it was: it may be a disk's", () =>
  inFolder(async () => {
    await Deno.mkdir("mounted");
    {
      await using directory = await RunDirectory.create("demo", "mounted");
      await Deno.mkdir(directory.file("checkpoints"));
      await Deno.writeTextFile(directory.checkpointFile(0), "");
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir("mounted")), []);
  }));

Deno.test("a place where no folder can be made is told", () =>
  inFolder(async () => {
    await Deno.writeTextFile("file", "");
    await Deno.writeTextFile("runs", "");
    for (const named of ["file/run", null]) {
      await assert.rejects(RunDirectory.create("demo", named), (error: Error) => {
        assert.ok(error instanceof RunError, `${error.stack}`);
        assert.match(error.message, /^Cannot write "(file\/run|runs\/demo)": Not a directory/);
        return true;
      });
    }
    await Deno.remove("runs");
    await Deno.mkdir("runs");
    await assert.rejects(RunDirectory.create("n".repeat(300), null), RunError);
  }));

Deno.test("of starts at once in one folder one gets it, the others are told", () =>
  inFolder(async () => {
    const starts = await Promise.allSettled(
      Array.from({ length: 6 }, () => RunDirectory.create("demo", "one")),
    );
    const failed = starts.flatMap((start) => start.status === "rejected" ? [start.reason] : []);
    assert.equal(failed.length, 5);
    for (const error of failed) {
      assert.ok(error instanceof UsageError, `${error.stack}`);
      assert.match(error.message, /^Another process is writing the run "one"; wait until it is done/);
    }
  }));

Deno.test("a file system that cannot lock is told, with what to do", () =>
  inFolder(async () => {
    await begun("begun");
    await Deno.mkdir("there");
    const { tryLockSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.tryLockSync = () => {
      throw Object.assign(new Error("No locks available (os error 37)"), { code: "ENOLCK" });
    };
    try {
      const takings = [
        () => RunDirectory.create("demo", "new"),
        () => RunDirectory.create("demo", null),
        () => RunDirectory.create("demo", "there"),
        () => RunDirectory.open("demo", "begun"),
      ];
      for (const taking of takings) {
        await assert.rejects(taking, (error: Error) => {
          assert.ok(error instanceof UsageError, `${error.stack}`);
          assert.match(
            error.message,
            /^Cannot lock the run's folder ".*": No locks available .*; name one .* by --out/,
          );
          return true;
        });
      }
      for (const path of ["new", "runs"]) assert.ok(!await exists(path), path);
      assert.deepEqual(await Array.fromAsync(Deno.readDir("there")), []);
    } finally {
      Deno.FsFile.prototype.tryLockSync = tryLockSync;
    }
  }));

Deno.test("a folder that a failed start removes while another is about to lock it does not count as locked", () =>
  inFolder(async () => {
    const { tryLockSync } = Deno.FsFile.prototype;
    let removed = false;
    Deno.FsFile.prototype.tryLockSync = function (exclusive) {
      if (!removed) Deno.removeSync("one", { recursive: true });
      removed = true;
      return tryLockSync.call(this, exclusive);
    };
    try {
      await assert.rejects(RunDirectory.create("demo", "one"), UsageError);
    } finally {
      Deno.FsFile.prototype.tryLockSync = tryLockSync;
    }
    await using directory = await RunDirectory.create("demo", "one");
    await assert.rejects(RunDirectory.create("demo", directory.path), /Another process is writing/);
  }));

Deno.test("a start that fails leaves none of the folders above it that it made, and those that were there", () =>
  inFolder(async () => {
    const left = async () => (await Array.fromAsync(Deno.readDir("."), ({ name }) => name)).sort();
    const fail = async (named: string | null) => {
      await using _failed = await RunDirectory.create("demo", named);
    };
    for (const named of [null, "exp/a/run", "exp/../b/run/"]) {
      await fail(named);
      assert.deepEqual(await left(), [], `${named}`);
    }
    await assert.rejects(RunDirectory.create("demo", `exp/a/${"n".repeat(300)}`), RunError);
    await assert.rejects(RunDirectory.create("n".repeat(300), null), RunError);
    assert.deepEqual(await left(), []);
    // Empty ones that were there may be disks that are mounted, and links lead to somebody's.
    await Deno.mkdir("runs");
    await Deno.mkdir("there/empty", { recursive: true });
    await Deno.symlink("there/empty", "link");
    await Deno.symlink("nowhere", "dangling");
    for (const named of [null, "there/empty/exp/run", "link/exp/run"]) await fail(named);
    for (const named of ["dangling/run", "dangling"]) {
      await assert.rejects(RunDirectory.create("demo", named), RunError, named);
    }
    await Deno.writeTextFile("link/.lock", ""); // a start's that was killed
    await fail("link");
    assert.deepEqual(await left(), ["dangling", "link", "runs", "there"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir("there/empty")), []);
    // Nor is anything taken from under a run that began beside it.
    {
      await using _failed = await RunDirectory.create("demo", "exp/first");
      await begun("exp/second");
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir("exp"), ({ name }) => name), ["second"]);
  }));

Deno.test("a start that fails in the midst leaves no folder", () =>
  inFolder(async () => {
    await assert.rejects(async () => {
      await using directory = await RunDirectory.create("demo", "made");
      await directory.begin("version: 1\n", {}, () => Promise.reject(new RunError("No space left")));
    }, /No space left/);
    assert.ok(!await exists("made"));
  }));
