/**
 * Files from the web: whole or not at all. A download that breaks off goes on where it was, in the same run or the
 * next.
 *
 * @module
 */
import { RunError } from "../errors.ts";
import { hashOfFile } from "./file_hash.ts";
import { ProgressLine } from "../text/progress_line.ts";
import { lockFile } from "../files/file_lock.ts";
import { exists } from "../files/path_exists.ts";

/** What to fetch. */
export interface Download {
  url: string;
  /** Where it shall be; its folder is there. While it arrives, it is beside that as `.partial`. */
  path: string;
  /** Its publisher's checksum, hexadecimal. */
  md5: string;
  /** A connection over which nothing comes for so long has broken off; default: a minute. */
  stallMs?: number;
  log(message: string): void;
  signal: AbortSignal;
}

/** Attempts, one after the other, after which no more is there than ever before. */
const ATTEMPTS = 3;
const WAIT_MS = 500;

/**
 * Fetches a file unless it is there.
 *
 * @throws {RunError} If the server does not give it, or gives another; what has arrived of it is kept for the next
 * time, but not what has another checksum.
 */
export async function download(wanted: Download): Promise<void> {
  const { url, path, md5, log } = wanted, partial = `${path}.partial`;
  if (await exists(path)) return;
  using file = await openAlone(partial, wanted);
  if (await exists(path)) return await Deno.remove(partial); // another has got it done, so this one is new and empty
  log(`Fetching ${url}`);
  await receiveAll(file, wanted);
  await file.sync();
  const actual = await hashOfFile(partial, "md5");
  if (actual !== md5) {
    await Deno.remove(partial);
    throw new RunError(
      `What ${url} gave has the MD5 ${actual}, but ${md5} is expected; it is removed: try again, and check the proxy ` +
        "if it persists",
    );
  }
  await Deno.rename(partial, path);
  log(`Fetched ${path}`);
}

/** Opens the file when no other process is at it; it goes on where that has left off. */
async function openAlone(partial: string, { path, log, signal }: Download): Promise<Deno.FsFile> {
  try {
    return await lockFile(
      partial,
      signal,
      () => log(`Waiting for another process that is fetching "${path}"`),
    );
  } catch (error) {
    if (error instanceof RunError || signal.aborted) throw error;
    throw new RunError(`Cannot write "${partial}": ${(error as Error).message}`, { cause: error });
  }
}

async function receiveAll(file: Deno.FsFile, wanted: Download): Promise<void> {
  for (let failures = 0, most = sizeOf(file);;) {
    const problem = await receive(file, wanted), size = sizeOf(file);
    if (problem === null) return;
    wanted.signal.throwIfAborted();
    // A server that begins anew each time, and breaks off, sends much and gets no further.
    failures = size > most ? 0 : failures + 1;
    most = Math.max(most, size);
    if (failures === ATTEMPTS) {
      throw new RunError(
        `Cannot fetch ${wanted.url}: ${problem}; ${size} bytes are kept, and the next run goes on from there`,
      );
    }
    wanted.log(`The download broke off after ${size} bytes (${problem}); going on`);
    await new Promise((resolve) => setTimeout(resolve, failures * WAIT_MS));
  }
}

/** One request for what is missing. Returns null at the end of the file, else why it broke off. */
async function receive(
  file: Deno.FsFile,
  { url, signal, stallMs = 60_000 }: Download,
): Promise<string | null> {
  const have = sizeOf(file);
  // A server that packs what it sends would count other bytes.
  const headers = { "Accept-Encoding": "identity", ...have > 0 && { Range: `bytes=${have}-` } };
  using stall = new StallTimer(stallMs);
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, stall.signal]) });
    const body = await bodyAfter(response, file, url);
    if (typeof body === "string" || body === null) return body;
    const total = sizeOf(file) + Number(response.headers.get("Content-Length") ?? NaN);
    await append(file, stall.watched(body), { url, total });
    const missing = total - sizeOf(file);
    return missing > 0 ? `${missing} bytes are missing` : null;
  } catch (error) {
    if (error instanceof RunError) throw error;
    return (error as Error).message;
  }
}

/**
 * What follows the bytes that are there; they are dropped if the server begins anew. Null: there is nothing more;
 * text: what went wrong for now.
 */
async function bodyAfter(
  { status, headers, body }: Response,
  file: Deno.FsFile,
  url: string,
): Promise<ReadableStream<Uint8Array> | string | null> {
  const range = headers.get("Content-Range") ?? "", have = sizeOf(file);
  if (status === 206 && range.startsWith(`bytes ${have}-`) && body) return body;
  if (status === 200 && body) {
    await file.truncate(0);
    return body;
  }
  await body?.cancel();
  if (status === 416 && range === `bytes */${have}`) return null;
  if (status === 416 || status === 206) {
    await file.truncate(0);
    return `the server has no bytes from ${have} on`;
  }
  if (status >= 500 || status === 429) return `the server answers ${status}`;
  throw new RunError(`Cannot fetch ${url}: the server answers ${status}`);
}

/** Aborts a request over which nothing comes. */
class StallTimer implements Disposable {
  readonly #abort = new AbortController();
  readonly signal: AbortSignal = this.#abort.signal;
  #timer: ReturnType<typeof setTimeout>;

  constructor(private readonly ms: number) {
    this.#timer = this.#start();
  }

  /** The same chunks, each of which starts the clock again. */
  async *watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      clearTimeout(this.#timer);
      yield chunk;
      this.#timer = this.#start();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#abort.abort(new Error(`nothing came for ${this.ms / 1000} s`)), this.ms);
  }
}

async function append(
  file: Deno.FsFile,
  body: AsyncIterable<Uint8Array>,
  { url, total }: { url: string; total: number },
): Promise<void> {
  let size = await file.seek(0, Deno.SeekMode.End);
  using progress = new ProgressLine(`Fetching ${new URL(url).pathname.split("/").at(-1)}`, {
    ...{ total: Number.isNaN(total) ? null : total, unit: "bytes", before: size },
  });
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    progress.update(size += chunk.length);
  }
}

function sizeOf(file: Deno.FsFile): number {
  return file.statSync().size;
}
