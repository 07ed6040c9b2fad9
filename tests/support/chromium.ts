/**
 * Pages in a browser without a window: a test serves a folder on the loopback interface, a page of it does something, and
 * posts what came out.
 *
 * @module
 */
import { extname, join, normalize } from "node:path";
import { answers } from "./programs.ts";

/** Where a browser is looked for after `SEED_CHROMIUM`. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** A Chromium's program; null if this machine has none. */
export async function findChromium(): Promise<string | null> {
  const named = Deno.env.get("SEED_CHROMIUM");
  for (const name of named ? [named] : NAMES) {
    if (await answers(name)) return name;
  }
  return null;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Milliseconds until a page must have posted its result. */
const PATIENCE = 120_000;

/**
 * Opens a page that consists of a module.
 *
 * @param module Its text; `post(value)` ends the test.
 * @param folders Folders by the first part of the paths that they are served below.
 * @returns what the page posted.
 * @throws {Error} If the module throws, or posts nothing in time.
 */
export async function inChromium<T>(
  chromium: string,
  module: string,
  folders: Readonly<Record<string, string>>,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    if (path === "/") return new Response(pageOf(module), { headers: { "content-type": "text/html" } });
    if (path === "/error") reject(new Error(`The page failed: ${await request.text()}`));
    else if (path === "/result") resolve(await request.json());
    else return await fileAt(path, folders);
    return new Response();
  });
  const profile = await Deno.makeTempDir({ prefix: "seed-chromium-" });
  const browser = new Deno.Command(chromium, {
    args: [
      ...[
        "--headless=new",
        "--disable-gpu-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
      ],
      ...[
        "--no-first-run",
        "--disable-extensions",
        "--disable-background-networking",
        `--user-data-dir=${profile}`,
      ],
      ...Deno.uid() === 0 ? ["--no-sandbox"] : [], // which cannot be had by root
      `http://127.0.0.1:${server.addr.port}/`,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(
    () => reject(new Error(`The page posted nothing in ${PATIENCE / 1000} s`)),
    PATIENCE,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    browser.kill();
    await browser.status;
    await Deno.remove(profile, { recursive: true }).catch(() => {}); // children may still be writing
  }
}

function pageOf(module: string): string {
  return `<!doctype html><meta charset="utf-8"><script type="module">
const post = (value) => fetch("/result", { method: "POST", body: JSON.stringify(value) });
const fail = (error) => fetch("/error", { method: "POST", body: String(error?.stack ?? error) });
addEventListener("error", ({ error, message }) => fail(error ?? message));
addEventListener("unhandledrejection", ({ reason }) => fail(reason));
try {
${module}
} catch (error) {
  await fail(error);
}
</script>`;
}

async function fileAt(path: string, folders: Readonly<Record<string, string>>): Promise<Response> {
  const [, first, ...others] = normalize(path).split("/");
  if (!Object.hasOwn(folders, first)) return new Response(null, { status: 404 });
  const file = join(folders[first], ...others), type = TYPES[extname(file)] ?? "application/octet-stream";
  const bytes = await Deno.readFile(file).catch(() => null);
  return bytes
    ? new Response(bytes, { headers: { "content-type": type } })
    : new Response(null, { status: 404 });
}
