/**
 * A server of one folder's files, for this machine alone.
 *
 * @module
 */
import { extname, join, resolve, sep } from "node:path";
import { isOfSystem } from "@seed/core/host";
import { RunError } from "@seed/core";

/** What browsers must be told of the files of a page. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
  ".bin": "application/octet-stream",
};

const HOST = "127.0.0.1";

/** A server that listens. */
export interface Served extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves a folder on the loopback interface.
 *
 * @param port 0: any that is free.
 * @throws {RunError} If the port is taken.
 */
export function serveFolder(root: string, port: number): Served {
  const handler = folderHandler(root);
  try {
    const server = Deno.serve({ hostname: HOST, port, onListen: () => {} }, handler);
    return {
      url: `http://${HOST}:${server.addr.port}/`,
      [Symbol.asyncDispose]: () => server.shutdown(),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse) && !isOfSystem(error)) throw error;
    throw new RunError(
      `Cannot listen on port ${port} of ${HOST}: ${
        (error as Error).message
      }; name another by --port, or leave it out`,
    );
  }
}

/**
 * Answers requests with the files of a folder, and with nothing outside of it. Requests for another name than this
 * machine's are refused: a page of a foreign site could have its name lead here, and read the pictures.
 */
export function folderHandler(root: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, hostname } = new URL(request.url);
    if (hostname !== HOST && hostname !== "localhost") {
      return answer(403, "This server is for this machine alone");
    }
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "Files are only read here");
    const file = await fileOf(root, pathname);
    if (file === null) return answer(404, "There is no such file");
    const { size } = await Deno.stat(file);
    const headers = {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": `${size}`,
      "cache-control": "no-cache", // the folder may be written anew
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    };
    if (request.method === "HEAD") return new Response(null, { headers });
    return new Response((await Deno.open(file)).readable, { headers });
  };
}

/** The file of a path, by its real place; null: there is none, or it lies outside. */
async function fileOf(root: string, pathname: string): Promise<string | null> {
  try {
    const path = decodeURIComponent(pathname), name = path.endsWith("/") ? `${path}index.html` : path;
    const [folder, file] = [await Deno.realPath(root), await Deno.realPath(join(resolve(root), name))];
    return file.startsWith(folder + sep) && (await Deno.stat(file)).isFile ? file : null;
  } catch (error) {
    const isBadPath = error instanceof URIError || error instanceof TypeError; // a bad escape, or a null byte
    if (isBadPath || error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

function answer(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}
