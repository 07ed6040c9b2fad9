import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { RunError } from "../errors.ts";
import { importNpmPackage } from "./npm_package.ts";

/** A registry with one package, `seedtiny` 1.0.0, and an empty cache of Deno's. */
interface Place {
  /** Folder that the package is installed into. */
  cache: string;
  integrity: string;
  /** What the user is told. */
  said: string[];
  install(integrity: string, name?: string): Promise<unknown>;
}

async function withRegistry(test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-npm-" }), cache = join(folder, "cache");
  const tarball = await makeTarball(folder), said: string[] = [];
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    if (url.endsWith("/seedtiny/-/seedtiny-1.0.0.tgz")) return new Response(tarball);
    if (!url.endsWith("/seedtiny")) return new Response("there is none", { status: 404 });
    const dist = { tarball: `${url}/-/seedtiny-1.0.0.tgz`, integrity };
    const version = { name: "seedtiny", version: "1.0.0", dist };
    return Response.json({
      name: "seedtiny",
      "dist-tags": { latest: "1.0.0" },
      versions: { "1.0.0": version },
    });
  });
  const env = {
    NPM_CONFIG_REGISTRY: `http://127.0.0.1:${server.addr.port}/`,
    DENO_DIR: join(folder, "deno"),
  };
  const before = Object.keys(env).map((key) => [key, Deno.env.get(key)] as const);
  for (const [key, value] of Object.entries(env)) Deno.env.set(key, value);
  const install = (hash: string, name = "seedtiny") =>
    importNpmPackage({
      ...{ name, version: "1.0.0", lock: lockOf(hash), into: join(cache, "seedtiny") },
      expect: ["node_modules/seedtiny/index.js"],
      log: (message) => void said.push(message),
      signal: new AbortController().signal,
    });
  try {
    await test({ cache, integrity, said, install });
  } finally {
    for (const [key, value] of before) value === undefined ? Deno.env.delete(key) : Deno.env.set(key, value);
    await Deno.remove(folder, { recursive: true });
  }
}

function lockOf(integrity: string) {
  const dependency = "npm:seedtiny@1.0.0";
  return {
    version: "5",
    specifiers: { [dependency]: "1.0.0" },
    npm: { "seedtiny@1.0.0": { integrity } },
    workspace: { dependencies: [dependency] },
  };
}

async function makeTarball(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  await Deno.mkdir(join(folder, "package"));
  const manifest = { name: "seedtiny", version: "1.0.0", main: "index.js" };
  await Deno.writeTextFile(join(folder, "package/package.json"), JSON.stringify(manifest));
  await Deno.writeTextFile(join(folder, "package/index.js"), "exports.answer = 42;");
  const { success } = await new Deno.Command("tar", { args: ["czf", "seedtiny.tgz", "package"], cwd: folder })
    .output();
  assert.ok(success);
  return await Deno.readFile(join(folder, "seedtiny.tgz"));
}

const packagesIn = async (cache: string) => {
  const names = await Array.fromAsync(Deno.readDir(cache), ({ name }) => name);
  return names.filter((name) => !name.endsWith(".lock"));
};

Deno.test("an npm package is installed once, outside of the repository's lock, and imported", () =>
  withRegistry(async ({ install, integrity, cache, said }) => {
    const lock = new URL("../../deno.lock", import.meta.url), before = await Deno.readTextFile(lock);
    assert.equal((await install(integrity) as { answer: number }).answer, 42);
    await install(integrity);
    assert.match(said[0], /^Installing seedtiny 1\.0\.0 from npm \(once\)$/);
    assert.match(said[1], /^Installed seedtiny 1\.0\.0 in /);
    assert.equal(said.length, 2);
    assert.deepEqual(await packagesIn(cache), ["seedtiny"]);
    assert.equal(await Deno.readTextFile(lock), before);
  }));

Deno.test("an npm package of another hash is refused and leaves nothing; a second try works", () =>
  withRegistry(async ({ install, integrity, cache }) => {
    await assert.rejects(install(`sha512-${"A".repeat(86)}==`), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(error.message, /^Cannot install seedtiny 1\.0\.0: the download is not the pinned file/);
      return true;
    });
    assert.deepEqual(await packagesIn(cache), []);
    assert.equal((await install(integrity) as { answer: number }).answer, 42);
  }));

Deno.test("an npm package that its lock does not pin is refused", () =>
  withRegistry(async ({ install, integrity, cache }) => {
    await assert.rejects(install(integrity, "seedling"), { message: /^Cannot install seedling 1\.0\.0: / });
    assert.deepEqual(await packagesIn(cache), []);
  }));
