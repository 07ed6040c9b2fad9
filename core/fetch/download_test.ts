import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { download } from "./download.ts";
import { RunError } from "../errors.ts";
import { tryLockFile } from "../files/file_lock.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3);
const MD5 = createHash("md5").update(CONTENT).digest("hex");

/** A range of the content, as a server gives it; it breaks off before its end if it is told to. */
function part(
  request: Request,
  { breakAfter = Infinity, knowsRanges = true, stalls = false } = {},
): Response {
  const asked = request.headers.get("Range"), from = knowsRanges && asked ? Number(asked.slice(6, -1)) : 0;
  const bytes = CONTENT.subarray(from), range = `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`;
  if (from >= CONTENT.length) {
    return new Response(null, { status: 416, headers: { "Content-Range": `bytes */${CONTENT.length}` } });
  }
  let sent = false;
  const body = new ReadableStream({
    async pull(controller) {
      if (!sent) controller.enqueue(bytes.slice(0, breakAfter));
      else if (stalls) return;
      else if (bytes.length > breakAfter) {
        await new Promise((resolve) => setTimeout(resolve, 50)); // the client has got what was sent
        controller.error(new Error("broken off"));
      } else controller.close();
      sent = true;
    },
  });
  const isPart = from > 0;
  const headers = { "Content-Length": `${bytes.length}`, ...isPart && { "Content-Range": range } };
  return new Response(body, { status: isPart ? 206 : 200, headers });
}

/** Runs a server and a download from it; `test` looks at what came of it. */
async function served(
  answer: (request: Request, count: number) => Response,
  test: (
    fetched: (stallMs?: number) => Promise<string>,
    path: string,
    ranges: (string | null)[],
    logged: string[],
  ) => Promise<void>,
  md5 = MD5,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-download-" }), ranges: (string | null)[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response() },
    (request) => {
      ranges.push(request.headers.get("Range"));
      return answer(request, ranges.length);
    },
  );
  try {
    const path = join(folder, "file"), url = `http://127.0.0.1:${server.addr.port}/file`;
    const logged: string[] = [], signal = new AbortController().signal;
    const log = (message: string) => void logged.push(message);
    await test(
      async (stallMs) => {
        await download({ url, path, md5, stallMs, log, signal });
        return logged.join("\n");
      },
      path,
      ranges,
      logged,
    );
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a download that breaks off goes on where it was", () =>
  served(
    (request, count) => part(request, { breakAfter: count < 3 ? 100_000 : Infinity }),
    async (fetched, path, ranges) => {
      assert.match(await fetched(200), /broke off after 100000 bytes[^]*after 200000 bytes/);
      assert.deepEqual(await Deno.readFile(path), CONTENT);
      assert.deepEqual(ranges, [null, "bytes=100000-", "bytes=200000-"]);
      await fetched();
      assert.equal(ranges.length, 3, "what is there is not fetched again");
    },
  ));

Deno.test("a connection over which nothing comes has broken off", () =>
  served(
    (request, count) => part(request, count === 1 ? { breakAfter: 1000, stalls: true } : {}),
    async (fetched, path) => {
      assert.match(await fetched(200), /broke off after 1000 bytes \(nothing came for 0\.2 s\)/);
      assert.deepEqual(await Deno.readFile(path), CONTENT);
    },
  ));

Deno.test("a later run goes on with what an earlier one has left", () =>
  served((request) => part(request), async (fetched, path, ranges) => {
    await Deno.writeFile(`${path}.partial`, CONTENT.subarray(0, 299_999));
    await fetched();
    assert.deepEqual(await Deno.readFile(path), CONTENT);
    await Deno.rename(path, `${path}.partial`); // all is there but the check
    await fetched();
    assert.deepEqual(await Deno.readFile(path), CONTENT);
    assert.deepEqual(ranges, ["bytes=299999-", "bytes=300000-"]);
    await assert.rejects(Deno.stat(`${path}.partial`), Deno.errors.NotFound);
  }));

Deno.test("a server that knows no ranges begins anew", () =>
  served((request) => part(request, { knowsRanges: false }), async (fetched, path) => {
    await Deno.writeFile(`${path}.partial`, CONTENT.subarray(7, 1000));
    await fetched();
    assert.deepEqual(await Deno.readFile(path), CONTENT);
  }));

Deno.test("another file than the expected one is refused and removed", () =>
  served((request) => part(request), async (fetched, path) => {
    await assert.rejects(fetched(), (error: unknown) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, new RegExp(`has the MD5 ${MD5}, but 0{32} is expected; it is removed`));
      return true;
    });
    for (const left of [path, `${path}.partial`]) await assert.rejects(Deno.stat(left), Deno.errors.NotFound);
  }, "0".repeat(32)));

Deno.test("what a server refuses is told, at once or after some attempts", async () => {
  await served(() => new Response(null, { status: 404 }), async (fetched, _path, ranges) => {
    await assert.rejects(fetched(), /^RunError: Cannot fetch http:.*: the server answers 404$/);
    assert.equal(ranges.length, 1);
  });
  await served(() => new Response(null, { status: 503 }), async (fetched, path, ranges) => {
    await Deno.writeFile(`${path}.partial`, CONTENT.subarray(0, 5));
    await assert.rejects(fetched(), /the server answers 503; 5 bytes are kept, and the next run goes on/);
    assert.equal(ranges.length, 3);
  });
});

Deno.test("a download that begins anew again and again, and gets no further, ends", () =>
  served((request, count) => {
    if (count > 9) return new Response(null, { status: 404 });
    return count % 2 ? part(request, { breakAfter: 1000 }) : new Response(null, { status: 416 });
  }, async (fetched, _path, ranges) => {
    await assert.rejects(fetched(), /the server has no bytes from 1000 on; 0 bytes are kept/);
    assert.equal(ranges.length, 4);
  }));

Deno.test("of two that fetch one file one waits, says so, and finds it there", () =>
  served(
    (request, count) => part(request, { breakAfter: count === 1 ? 1000 : Infinity, stalls: true }),
    async (fetched, path, ranges) => {
      const [said] = await Promise.all([fetched(500), fetched(500)]);
      assert.equal(said.match(/Waiting for another process that is fetching ".*file"/g)?.length, 1, said);
      assert.deepEqual(await Deno.readFile(path), CONTENT);
      assert.deepEqual(ranges, [null, "bytes=1000-"], "it is fetched once");
      await assert.rejects(Deno.stat(`${path}.partial`), Deno.errors.NotFound);
    },
  ));

Deno.test("who waits for another that gives up goes on where that was; who is interrupted does not wait", () =>
  served((request) => part(request), async (fetched, path, ranges, logged) => {
    await Deno.writeFile(`${path}.partial`, CONTENT.subarray(0, 1000));
    const other = tryLockFile(`${path}.partial`)!, waiting = fetched();
    while (!logged.length) await new Promise((resolve) => setTimeout(resolve, 10));
    const signal = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(
      download({ url: "http://127.0.0.1/", path, md5: MD5, log() {}, signal }),
      /^Error: stopped$/,
    );
    other.close();
    assert.match(await waiting, /^Waiting for another process/);
    assert.deepEqual(await Deno.readFile(path), CONTENT);
    assert.deepEqual(ranges, ["bytes=1000-"]);
  }));

Deno.test("a file system without locks is told, and what is asked of the place", () =>
  served((request) => part(request), async (fetched) => {
    const { tryLockSync } = Deno.FsFile.prototype;
    const refuse = () => {
      throw new Error("No locks available (os error 37)");
    };
    Object.assign(Deno.FsFile.prototype, { tryLockSync: refuse });
    try {
      await assert.rejects(
        fetched(),
        /^RunError: Cannot lock ".*file\.partial": No locks .*; it has to be on a file/,
      );
    } finally {
      Object.assign(Deno.FsFile.prototype, { tryLockSync });
    }
  }));
