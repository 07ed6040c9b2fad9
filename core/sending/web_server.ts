/**
 * Servers that loggers talk to over HTTP. What they answer is foreign text.
 *
 * @module
 */
import { RunError, UsageError } from "../errors.ts";
import { printable, quoted } from "../text/printable.ts";

/** A server does not answer, or asks for patience; what was sent is to be sent again. */
export class ServerAwayError extends RunError {}

/** Answers that mean: later. */
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Seconds that an answer may take, and characters of it that are read. */
const PATIENCE = 20, MOST_TEXT = 4_000_000;

/** A request that was refused. */
export class RefusedError extends RunError {
  /** @param answer The server's words. */
  constructor(message: string, readonly status: number, readonly answer: string) {
    super(message);
  }
}

/** An address that requests go to. */
export class WebServer {
  /**
   * @param address Without a slash at its end.
   * @param headers Of every request.
   */
  constructor(readonly address: string, private readonly headers: Readonly<Record<string, string>> = {}) {}

  /**
   * Sends a request.
   *
   * @param options.signal Ends it early, as if the server were away.
   * @returns the text of the answer.
   * @throws {ServerAwayError} If there is no answer, or the server asks for patience.
   * @throws {RefusedError} If it refuses.
   */
  async request(
    method: "GET" | "POST",
    path: string,
    { body, type, signal }: { body?: string; type?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    let response: Response, text: string;
    try {
      response = await fetch(this.address + path, {
        ...{ method, body, redirect: "manual" },
        signal: AbortSignal.any([AbortSignal.timeout(1000 * PATIENCE), ...signal ? [signal] : []]),
        headers: { ...this.headers, ...type && { "content-type": type } },
      });
      text = await textOf(response);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new ServerAwayError(reasonOf(error as Error));
    }
    if (response.ok) return text;
    const said = `${response.status} ${quoted(text, 300)}`;
    if (LATER.has(response.status)) throw new ServerAwayError(said);
    const moved = response.headers.get("location");
    const hint = moved ? `; it sends on to ${quoted(moved, 200)}: name that address if it is the one` : "";
    const message = `The server ${quoted(this.address + path, 200)} refuses with ${said}${hint}`;
    throw new RefusedError(message, response.status, text);
  }
}

/** Of a text without end the beginning is enough. */
async function textOf(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MOST_TEXT) break;
  }
  return text;
}

/** The innermost cause says most: `Connection refused`. */
function reasonOf(error: Error): string {
  let inner = error;
  while (inner.cause instanceof Error) inner = inner.cause;
  return printable(inner.message.slice(0, 200));
}

/**
 * Makes sure, before anything heavy loads, that this process may talk to a server: tasks are allowed few.
 *
 * @param logger Its name.
 * @throws {UsageError} If not, with the command that allows it.
 */
export function requireNetwork(logger: string, address: string): void {
  const { hostname, port, protocol } = new URL(address), usual = protocol === "https:" ? "443" : "80";
  const host = `${hostname}:${port || usual}`;
  if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return;
  if (hostname === "localhost") {
    throw new UsageError(
      `The logger "${logger}" may not talk to "${host}": this machine is named 127.0.0.1 in tasks; write that in place of localhost`,
    );
  }
  throw new UsageError(
    `The logger "${logger}" may not talk to "${host}": the task distill is allowed 127.0.0.1 and the hosts of data sets. ` +
      "Allow it by starting distill without the task, from SEED's folder: deno run --allow-read --allow-write --allow-env " +
      `--allow-sys --allow-ffi --allow-run --allow-net=127.0.0.1,${host} cli/main.ts distill ...`,
  );
}

/**
 * Values of headers that stand in the environment, so that no recipe and no run's folder holds a secret.
 *
 * @param names Name of the variable, by header.
 * @throws {UsageError} If there is no such variable, or it cannot be a header.
 */
export function headersFromEnvironment(
  logger: string,
  names: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).map(([header, variable]) => {
      const value = Deno.env.get(variable);
      if (value !== undefined && /^[\x20-\x7e]+$/.test(value)) return [header, value];
      const problem = value === undefined ? "is not set" : "holds what no header can (it is not shown)";
      throw new UsageError(
        `The environment variable "${variable}" ${problem}; the logger "${logger}" takes the header "${header}" from it`,
      );
    }),
  );
}
