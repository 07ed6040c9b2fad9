import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { folderHandler, serveFolder } from "./serve.ts";

async function withFolder(use: (root: string, outside: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-serve-" });
  try {
    const root = join(folder, "page");
    await Deno.mkdir(join(root, "inner"), { recursive: true });
    await Deno.writeTextFile(join(root, "index.html"), "<p>");
    await Deno.writeTextFile(join(root, "inner", "a b.js"), "1");
    await Deno.writeTextFile(join(root, "x.wasm"), "w");
    await Deno.writeTextFile(join(folder, "secret"), "secret");
    await Deno.writeTextFile(join(folder, "page-too"), "secret");
    await Deno.symlink(join(folder, "secret"), join(root, "link"));
    await use(root, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a folder's files have their types, and others are not there", () =>
  withFolder(async (root) => {
    const handle = folderHandler(root);
    const get = async (path: string, init: RequestInit = {}, host = "127.0.0.1") => {
      const response = await handle(new Request(`http://${host}:80${path}`, init));
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    assert.deepEqual(await get("/"), [200, "text/html; charset=utf-8", "<p>"]);
    assert.deepEqual(await get("/inner/a%20b.js?1"), [200, "text/javascript; charset=utf-8", "1"]);
    assert.deepEqual(await get("/x.wasm", {}, "localhost"), [200, "application/wasm", "w"]);
    assert.deepEqual(await get("/x.wasm", { method: "HEAD" }), [200, "application/wasm", ""]);
    for (
      const path of [
        "/none",
        "/inner",
        "/inner/",
        "/x.wasm/y",
        "/%",
        "/%00",
        "/link",
        "/%2e%2e%2fsecret",
        "/..%2Fpage-too",
      ]
    ) {
      const [status, , text] = await get(path);
      assert.deepEqual([status, text], [404, "There is no such file\n"], path);
    }
    assert.equal((await get("/", { method: "POST", body: "x" }))[0], 405);
    assert.equal((await get("/", {}, "elsewhere.example"))[0], 403);
  }));

Deno.test("what no client would send leads to nothing outside of the folder", () =>
  withFolder(async (root) => {
    await using served = serveFolder(root, 0);
    const { port } = new URL(served.url);
    for (
      const [path, host, status] of [
        ["/../secret", `127.0.0.1:${port}`, 404],
        ["/inner/../../secret", `127.0.0.1:${port}`, 404],
        ["//secret", `127.0.0.1:${port}`, 404],
        ["/", "rebound.example", 403],
        ["/", `127.0.0.1:${port}`, 200],
      ] as const
    ) {
      const answer = await raw(
        Number(port),
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${path} ${host}: ${answer}`);
      assert.ok(!answer.includes("secret"));
    }
  }));

/** Sends bytes as they are, and reads to the end. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    socket.on("data", (data) => answer += data).on("end", () => socket.end()).on(
      "close",
      () => resolve(answer),
    ).on("error", reject);
  });
}

Deno.test("a port that is taken is told", () =>
  withFolder(async (root) => {
    await using first = serveFolder(root, 0);
    const { port } = new URL(first.url);
    assert.throws(
      () => serveFolder(root, Number(port)),
      /^RunError: Cannot listen on port \d+ of 127\.0\.0\.1: .*--port/,
    );
  }));
