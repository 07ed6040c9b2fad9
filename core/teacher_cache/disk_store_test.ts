import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunError } from "../errors.ts";
import { tryLockFile } from "../files/file_lock.ts";
import { DiskStore, type DiskStoreOptions } from "./disk_store.ts";
import type { ViewId } from "./embedding_store.ts";
import { RecordFormat } from "./shard.ts";
import { DIM, rowOf } from "./testdata/rows.ts";

const IMAGES = 40, SHARD = "000000.embeddings", INDEX = "000000.index";
const RECORD = new RecordFormat(DIM, "fp16").bytes, HEADER = 20;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function open(folder: string, options: Partial<DiskStoreOptions> = {}): Promise<DiskStore> {
  return await DiskStore.open(folder, {
    ...{ identity: { of: "tests" }, about: {}, dim: DIM, precision: "fp16", images: IMAGES, log: () => {} },
    signal: new AbortController().signal,
    ...options,
  });
}

const ids = (count: number, view = 0): ViewId[] =>
  Array.from({ length: count }, (_, image) => ({ image, view }));

function fill(store: DiskStore, views: readonly ViewId[]): void {
  store.add(views, views.map(rowOf));
}

/** A cache of these views, with nobody at it. */
async function makeCache(folder: string, views: readonly ViewId[]): Promise<void> {
  using store = await open(folder);
  fill(store, views);
}

/** The views of these that the store has; those that it has must be right. */
function present(store: DiskStore, views: readonly ViewId[]): ViewId[] {
  const missing = new Set(store.missing(views)), there = views.filter((id) => !missing.has(id));
  for (const id of there) assert.deepEqual(store.row(id), rowOf(id));
  return there;
}

Deno.test("what is added is there, also when the cache is opened again, with its index or without", async () => {
  await inFolder(async (folder) => {
    {
      using store = await open(folder);
      assert.deepEqual(present(store, ids(9)), []);
      fill(store, ids(9));
      fill(store, ids(4, 7));
      assert.equal(store.size, 13);
    }
    for (const withIndex of [true, false]) {
      if (!withIndex) await Deno.remove(join(folder, INDEX));
      using store = await open(folder);
      assert.equal(store.size, 13);
      assert.equal(present(store, [...ids(20), ...ids(20, 7)]).length, 13);
      assert.throws(() => store.row({ image: 11, view: 0 }), RunError);
    }
  });
});

Deno.test("halves round as IEEE 754 says, single precision keeps every bit", async () => {
  const row = Float32Array.from({ length: DIM }, (_, i) => Math.fround(Math.sin(i + 1) / 3));
  for (const precision of ["fp16", "fp32"] as const) {
    await inFolder(async (folder) => {
      using store = await open(folder, { precision });
      store.add([{ image: 0, view: 0 }], [row]);
      const kept = precision === "fp16" ? row.map((value) => Math.f16round(value)) : row;
      assert.deepEqual(store.row({ image: 0, view: 0 }), kept);
    });
  }
});

Deno.test("the first embedding of a view is the one that counts", async () => {
  await inFolder(async (folder) => {
    const id = { image: 3, view: 0 }, other = rowOf({ image: 4, view: 0 });
    for (const row of [rowOf(id), other]) {
      using store = await open(folder);
      store.add([id], [row]);
    }
    using store = await open(folder);
    assert.deepEqual(store.row(id), rowOf(id));
    assert.equal(store.size, 1);
  });
});

Deno.test("a cache of something else is refused, and told what differs", async () => {
  await inFolder(async (folder) => {
    (await open(folder, { identity: { seed: 0, augmenter: { size: 64, scale: [0.2, 1] } } }))
      [Symbol.dispose]();
    const other = { seed: 0, augmenter: { size: 64, scale: [0.5, 1] }, teacher: "b" };
    await assert.rejects(open(folder, { identity: other }), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /augmenter\.scale is \[0\.2,1\] there and \[0\.5,1\] here/);
      assert.match(error.message, /teacher is absent there and "b" here/);
      assert.doesNotMatch(error.message, /size|seed/);
      return true;
    });
  });
});

Deno.test("of two that make one cache at once, of different things, one is refused", async () => {
  await inFolder(async (folder) => {
    const made = await Promise.allSettled(["a", "b"].map((of) => open(folder, { identity: { of } })));
    assert.deepEqual(made.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    for (const one of made) {
      if (one.status === "fulfilled") one.value[Symbol.dispose]();
      else assert.match(one.reason.message, /of is "[ab]" there and "[ab]" here/);
    }
  });
});

Deno.test("a manifest that is cut off is told", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "cache.json"), '{ "format": 1, "iden');
    await assert.rejects(open(folder), /does not tell what the cache holds/);
  });
});

Deno.test("cut off at any byte, a shard loses the torn record alone, and goes on after it", async () => {
  for (let cut = HEADER - 3; cut <= HEADER + 3 * RECORD; cut += 5) {
    await inFolder(async (folder) => {
      await makeCache(folder, ids(3));
      await Deno.truncate(join(folder, SHARD), cut);
      {
        using store = await open(folder);
        assert.equal(present(store, ids(3)).length, Math.max(0, Math.floor((cut - HEADER) / RECORD)));
        fill(store, store.missing(ids(3)));
      }
      using store = await open(folder);
      assert.equal(present(store, ids(3)).length, 3);
      assert.equal((await Deno.stat(join(folder, SHARD))).size, HEADER + 3 * RECORD);
    });
  }
});

Deno.test("a flipped bit anywhere is found: its record is computed anew, the others stay", async () => {
  for (const withIndex of [true, false]) {
    for (let byte = HEADER; byte < HEADER + 3 * RECORD; byte += 7) {
      await inFolder(async (folder) => {
        await makeCache(folder, ids(4));
        if (!withIndex) await Deno.remove(join(folder, INDEX));
        await flip(join(folder, SHARD), byte);
        const hurt = Math.floor((byte - HEADER) / RECORD), logged: string[] = [];
        {
          using store = await open(folder, { log: (message) => logged.push(message) });
          assert.deepEqual(present(store, ids(4)), ids(4).filter(({ image }) => image !== hurt));
          fill(store, [{ image: hurt, view: 0 }]);
          assert.equal(present(store, ids(4)).length, 4);
        }
        assert.match(logged.join(), /damaged/);
        using store = await open(folder);
        assert.equal(present(store, ids(4)).length, 4);
      });
    }
  }
});

Deno.test("a damaged record does not hide the one that was computed anew in another shard", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(4));
    await flip(join(folder, SHARD), HEADER + 12);
    {
      using _lock = tryLockFile(join(folder, `${SHARD}.lock`))!; // another process appends to it
      using store = await open(folder);
      assert.deepEqual(store.missing(ids(4)), ids(1));
      fill(store, ids(1));
    }
    using store = await open(folder);
    assert.equal(present(store, ids(4)).length, 4);
  });
});

Deno.test("a flipped bit in an index is found: the shard is read instead", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(4));
    const { size } = await Deno.stat(join(folder, INDEX));
    for (let byte = 0; byte < size; byte++) {
      await flip(join(folder, INDEX), byte);
      using store = await open(folder);
      assert.equal(present(store, ids(IMAGES)).length, 4);
      await flip(join(folder, INDEX), byte);
    }
  });
});

Deno.test("a flipped bit in a shard's header stops with its name", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(2));
    await flip(join(folder, SHARD), 9);
    await assert.rejects(
      open(folder),
      /000000\.embeddings" does not begin as one of embeddings of 24 values/,
    );
  });
});

Deno.test("two stores of one cache append to shards of their own, and see each other's", async () => {
  await inFolder(async (folder) => {
    using a = await open(folder);
    using b = await open(folder);
    fill(a, ids(5));
    fill(b, ids(5, 1));
    fill(a, ids(5, 2));
    for (const store of [a, b]) {
      assert.equal(present(store, [0, 1, 2].flatMap((view) => ids(5, view))).length, 15);
    }
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith("s"));
    assert.deepEqual(names.sort(), [SHARD, "000001.embeddings"]);
  });
});

Deno.test("what a shard's last owner added is kept by the next, who had not looked at it", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(1));
    {
      using next = await open(folder);
      {
        using last = await open(folder);
        fill(last, ids(4).slice(1));
      }
      fill(next, ids(2, 1));
    }
    using store = await open(folder);
    assert.equal(present(store, [...ids(4), ...ids(2, 1)]).length, 6);
    assert.equal((await Deno.stat(join(folder, SHARD))).size, HEADER + 6 * RECORD);
  });
});

Deno.test("a full shard is followed by another; one that was left off is gone on with", async () => {
  await inFolder(async (folder) => {
    const shardBytes = 3 * RECORD;
    for (const [from, to] of [[0, 2], [2, 8]]) {
      using store = await open(folder, { shardBytes });
      fill(store, ids(to).slice(from));
    }
    const sizes = [0, 1, 2].map((shard) => Deno.statSync(join(folder, `00000${shard}.embeddings`)).size);
    assert.deepEqual(sizes, [3, 3, 2].map((records) => HEADER + records * RECORD));
    using store = await open(folder, { shardBytes });
    assert.equal(present(store, ids(IMAGES)).length, 8);
  });
});

const FILLER = fileURLToPath(new URL("./testdata/filler.ts", import.meta.url));
const ALL = { images: 2000, views: 3 };

function startFiller(folder: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", FILLER, folder, `${ALL.images}`, `${ALL.views}`],
    ...{ stdin: "null", stdout: "piped", stderr: "inherit" },
  }).spawn();
}

async function requireRight(folder: string): Promise<number> {
  using store = await open(folder, { images: ALL.images, shardBytes: 4096 });
  return [0, 1, 2].reduce((sum, view) => sum + present(store, ids(ALL.images, view)).length, 0);
}

Deno.test("killed at twenty moments while filling, nothing is lost but what was torn", async () => {
  await inFolder(async (folder) => {
    let before = 0;
    for (let kill = 0; kill < 20; kill++) {
      const filler = startFiller(folder), lines = { count: 0 };
      for await (const chunk of filler.stdout) {
        lines.count += new TextDecoder().decode(chunk).split("\n").length - 1;
        if (lines.count < 1 + kill % 7) continue;
        filler.kill("SIGKILL");
        break;
      }
      await filler.status;
      const after = await requireRight(folder);
      // Each line tells of up to five views, written before it.
      assert.ok(after > before, `${after} views after ${before}`);
      before = after;
    }
  });
});

Deno.test("two fillers and a reader at once: all right, and nothing is missing", async () => {
  await inFolder(async (folder) => {
    const fillers = [startFiller(folder), startFiller(folder)];
    const ended = fillers.map((filler) => filler.output());
    let over = false;
    const watch = async () => {
      for (let last = 0; !over;) {
        const now = await requireRight(folder);
        assert.ok(now >= last);
        last = now;
        await new Promise((resolve) => setTimeout(resolve)); // lets the fillers' ends be seen
      }
    };
    const watching = watch();
    for (const { code } of await Promise.all(ended)) assert.equal(code, 0);
    over = true;
    await watching;
    assert.equal(await requireRight(folder), ALL.images * ALL.views);
  });
});

Deno.test({
  name: "a disk that is full stops it with a clear message; with room it goes on",
  ignore: Deno.build.os === "windows", // a limit on file sizes stands for the disk
  async fn() {
    await inFolder(async (folder) => {
      // Blocks of 512 or 1024 bytes, by the shell: at most 2 kB a file, less than a shard of 4 kB.
      const limited = `trap "" XFSZ; ulimit -f 2; "$0" "$@"`;
      const { code, stderr } = await new Deno.Command("bash", {
        args: ["-c", limited, Deno.execPath(), "run", "-A", FILLER, folder, `${ALL.images}`, `${ALL.views}`],
        ...{ stdin: "null", stdout: "piped", stderr: "piped" },
      }).output();
      const said = new TextDecoder().decode(stderr);
      assert.equal(code, 1, said);
      assert.match(
        said,
        /Cannot write to the cache ".*": .*\. Its \d+ embeddings are kept; make room and run again/,
      );
      assert.equal(
        (Deno.statSync(join(folder, SHARD)).size - HEADER) % RECORD,
        0,
        "no part of a record stays",
      );
      const kept = await requireRight(folder);
      assert.ok(kept > 0 && kept < ALL.images);
      assert.equal((await startFiller(folder).output()).code, 0);
      assert.equal(await requireRight(folder), ALL.images * ALL.views);
    });
  },
});

Deno.test("embeddings are counted by view: another run's are none of this one's", async () => {
  await inFolder(async (folder) => {
    {
      using store = await open(folder);
      fill(store, ids(9));
      fill(store, ids(4, 7));
    }
    using store = await open(folder);
    assert.deepEqual([[0], [7], [1], [0, 1, 7]].map((views) => store.sizeOf(views)), [9, 4, 0, 13]);
    await flip(join(folder, SHARD), HEADER + 10 * RECORD);
    assert.equal(present(store, ids(4, 7)).length, 3);
    assert.deepEqual([store.sizeOf([0]), store.sizeOf([7]), store.size], [9, 3, 12]);
  });
});

Deno.test("a shard that is cut off while others read it loses what was cut alone", async () => {
  await inFolder(async (folder) => {
    using writer = await open(folder);
    fill(writer, ids(4));
    using reader = await open(folder);
    assert.equal(present(reader, ids(4)).length, 4);
    await Deno.truncate(join(folder, SHARD), HEADER + 2 * RECORD + 5);
    assert.equal(present(reader, ids(4)).length, 2);
    fill(reader, ids(4).slice(2));
    assert.equal(present(reader, ids(4)).length, 4);
  });
});

Deno.test("what another process wrote in place of a record that was cut off is not taken for it", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(4));
    using reader = await open(folder);
    await Deno.truncate(join(folder, SHARD), HEADER + 2 * RECORD);
    {
      using writer = await open(folder);
      fill(writer, ids(2, 5));
    }
    assert.deepEqual(present(reader, ids(4)), ids(2));
  });
});

Deno.test("damaged records at a shard's end are cut off before it is gone on with", async () => {
  await inFolder(async (folder) => {
    await makeCache(folder, ids(3));
    await Deno.writeFile(join(folder, SHARD), new Uint8Array(2.5 * RECORD).fill(7), { append: true });
    using store = await open(folder);
    fill(store, ids(1, 1));
    assert.equal((await Deno.stat(join(folder, SHARD))).size, HEADER + 4 * RECORD);
  });
});

Deno.test("with a shard taken away, its views alone are missing, and processes still see each other's", async () => {
  await inFolder(async (folder) => {
    const shardBytes = 3 * RECORD;
    {
      using store = await open(folder, { shardBytes });
      fill(store, ids(9));
    }
    for (const file of ["000001.embeddings", "000001.index"]) await Deno.remove(join(folder, file));
    using a = await open(folder, { shardBytes });
    using b = await open(folder, { shardBytes });
    assert.deepEqual(present(a, ids(9)).map(({ image }) => image), [0, 1, 2, 6, 7, 8]);
    for (const [i, store] of [a, b, a, b].entries()) fill(store, ids(2, 1 + i));
    const added = [1, 2, 3, 4].flatMap((view) => ids(2, view));
    for (const store of [a, b]) assert.equal(present(store, added).length, added.length);
  });
});

Deno.test("more shards than can be told apart are refused", async () => {
  await inFolder(async (folder) => {
    (await open(folder))[Symbol.dispose]();
    for (let i = 0; i < 4096; i++) {
      Deno.writeFileSync(join(folder, `${`${i}`.padStart(6, "0")}.embeddings`), new Uint8Array());
    }
    await assert.rejects(open(folder), /has 4096 files of embeddings, more than the 4095/);
  });
});

Deno.test("where an index cannot be written, it is told, and the shard is read instead", async () => {
  await inFolder(async (folder) => {
    const index = join(folder, INDEX), logged: string[] = [];
    {
      using store = await open(folder, { log: (message) => logged.push(message) });
      fill(store, ids(5));
      await Deno.mkdir(index);
    }
    assert.match(logged.join(), /^Cannot finish the cache's file ".*000000\.embeddings": /);
    assert.deepEqual([...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".tmp")), []);
    await Deno.remove(index);
    using store = await open(folder);
    assert.equal(present(store, ids(9)).length, 5);
    fill(store, ids(1, 1));
    assert.equal((await Deno.stat(join(folder, SHARD))).size, HEADER + 6 * RECORD, "its lock was released");
  });
});

Deno.test({
  name: "whoever may only read a cache reads it; what is missing is refused clearly",
  ignore: Deno.build.os === "windows", // folders have no such mode
  async fn() {
    await inFolder(async (folder) => {
      await makeCache(folder, ids(10));
      try {
        await Deno.chmod(folder, 0o555);
        for (const { name } of Deno.readDirSync(folder)) await Deno.chmod(join(folder, name), 0o444);
        // The superuser may write all the same, unless it gives that up.
        const weak = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
        for (const [views, expected] of [["1", 0], ["2", 1]] as const) {
          const [command, ...args] = [...weak, Deno.execPath(), "run", "-A", FILLER, folder, "10", views];
          const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
          const said = new TextDecoder().decode(stderr);
          assert.equal(code, expected, said);
          assert.equal(new TextDecoder().decode(stdout), "");
          if (expected) assert.match(said, /^Cannot write to the cache ".*": Permission denied/m);
        }
      } finally {
        await Deno.chmod(folder, 0o755);
      }
    });
  },
});

Deno.test({
  name: "a disk that has no room for a shard's first byte is told as clearly",
  ignore: Deno.build.os === "windows",
  async fn() {
    await inFolder(async (folder) => {
      (await open(folder))[Symbol.dispose]();
      const { code, stderr } = await new Deno.Command("bash", {
        args: [
          "-c",
          `trap "" XFSZ; ulimit -f 0; "$0" "$@"`,
          Deno.execPath(),
          "run",
          "-A",
          FILLER,
          folder,
          "5",
          "1",
        ],
        ...{ stdin: "null", stdout: "piped", stderr: "piped" },
      }).output();
      const said = new TextDecoder().decode(stderr);
      assert.equal(code, 1, said);
      assert.match(
        said,
        /Cannot write to the cache ".*": .*\. Its 0 embeddings are kept; make room and run again/,
      );
    });
  },
});

async function flip(path: string, byte: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[byte] ^= 1 << (byte % 8);
  await Deno.writeFile(path, bytes);
}

Deno.test("a disk that cannot be read any more is told with the cache's folder", () =>
  inFolder(async (folder) => {
    await makeCache(folder, ids(3));
    using store = await open(folder);
    const { readSync, statSync } = Deno.FsFile.prototype;
    const fail = () => {
      throw new Error("Input/output error (os error 5)");
    };
    try {
      Deno.FsFile.prototype.readSync = fail;
      const expected = {
        name: "RunError",
        message: `Cannot read the cache "${folder}": Input/output error (os error 5)`,
      };
      assert.throws(() => store.row({ image: 1, view: 0 }), expected);
      Deno.FsFile.prototype.statSync = fail;
      assert.throws(() => store.refresh(), expected);
      await assert.rejects(open(folder), expected);
    } finally {
      Object.assign(Deno.FsFile.prototype, { readSync, statSync });
    }
  }));

Deno.test("what a process that was killed left half written goes when the next one writes", () =>
  inFolder(async (folder) => {
    await makeCache(folder, ids(3));
    const left = [`${INDEX}.1-0123456789abcdef.tmp`, "000001.index.1-0123456789abcdef.tmp"];
    for (const name of left) await Deno.writeTextFile(join(folder, name), "");
    const there = () =>
      [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".tmp"));
    {
      using store = await open(folder);
      assert.deepEqual(there().sort(), left.toSorted(), "another may be writing them");
      fill(store, ids(3, 1));
      assert.deepEqual(there(), [left[1]], "this process has the shard");
    }
    const old = new Date(2020, 1);
    await Deno.utime(join(folder, left[1]), old, old);
    using _store = await open(folder);
    assert.deepEqual(there(), []);
  }));
