/**
 * A browser without a window that a test drives by the DevTools protocol: real pages at real sizes, with every request
 * they make.
 *
 * @module
 */
import { join } from "node:path";

/** How a page is looked at. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme?: "light" | "dark";
  /** Default: false. */
  readonly mobile?: boolean;
}

type Parameters = Record<string, unknown>;

/** Milliseconds that a condition of a page is waited for. */
const PATIENCE = 120_000;

/** A Chromium with one page. */
export class Browser implements AsyncDisposable {
  /** Addresses that the page and its workers asked for. */
  readonly requests: string[] = [];
  /** What the page complained of: errors, and what its policy refused. */
  readonly complaints: string[] = [];
  #next = 1;
  readonly #answers = new Map<number, PromiseWithResolvers<any>>();
  #session: string | undefined;

  private constructor(
    private readonly socket: WebSocket,
    private readonly process: Deno.ChildProcess,
    private readonly profile: string,
  ) {
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
  }

  /** @param chromium Its program. */
  static async open(chromium: string): Promise<Browser> {
    const profile = await Deno.makeTempDir({ prefix: "seed-chromium-" });
    const process = new Deno.Command(chromium, {
      args: [
        ...["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--disable-extensions"],
        ...["--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`],
        ...Deno.uid() === 0 ? ["--no-sandbox"] : [], // which cannot be had by root
        "about:blank",
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
    const [port, path] = await portOf(profile);
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    const browser = new Browser(socket, process, profile);
    await browser.#attach();
    return browser;
  }

  async #attach(): Promise<void> {
    const { targetInfos } = await this.send("Target.getTargets");
    const { targetId } = targetInfos.find(({ type }: { type: string }) => type === "page");
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    this.#session = sessionId;
    await this.#listen(sessionId);
    for (const domain of ["Page", "DOM", "Log"]) await this.send(`${domain}.enable`);
  }

  /** To a page, or a worker of it. */
  async #listen(session: string): Promise<void> {
    await this.#ask("Network.enable", {}, session);
    await this.#ask("Runtime.enable", {}, session);
    const workers = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
    await this.#ask("Target.setAutoAttach", workers, session);
    await this.#ask("Runtime.runIfWaitingForDebugger", {}, session);
  }

  #take({ id, result, error, method, params }: Parameters & { id?: number; params?: any }): void {
    if (id !== undefined) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error) answer?.reject(new Error(JSON.stringify(error)));
      else answer?.resolve(result);
    } else if (method === "Target.attachedToTarget" && this.#session) {
      this.#listen(params.sessionId).catch(() => {}); // it may be gone already
    } else if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    else if (method === "Log.entryAdded" && params.entry.level === "error") {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ""}`);
    } else if (method === "Runtime.exceptionThrown") {
      this.complaints.push(JSON.stringify(params.exceptionDetails));
    }
  }

  /** Sends a command to the page; https://chromedevtools.github.io/devtools-protocol names them. */
  send(method: string, params: Parameters = {}): Promise<any> {
    return this.#ask(method, params, this.#session);
  }

  #ask(method: string, params: Parameters, sessionId?: string): Promise<any> {
    const id = this.#next++, answer = Promise.withResolvers<any>();
    this.#answers.set(id, answer);
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return answer.promise;
  }

  /** Sets the size of the page and its colours, and opens an address. */
  async show(url: string, { width, height, scheme = "light", mobile = false }: Screen): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    await this.send("Emulation.setTouchEmulationEnabled", { enabled: mobile });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }, {
        name: "prefers-reduced-motion",
        value: "reduce",
      }],
    });
    await this.send("Page.navigate", { url });
  }

  /** The value of an expression in the page, which may be awaited there. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true, userGesture: true },
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Waits until an expression is true in the page.
   *
   * @throws {Error} If it is not in time; with what the page complained of.
   */
  async until(expression: string): Promise<void> {
    const end = performance.now() + PATIENCE;
    while (!await this.evaluate(`Boolean(${expression})`).catch(() => false)) {
      if (performance.now() > end) throw new Error(`Never was ${expression}; ${this.complaints.join("; ")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Gives files to an input, as its dialog does. */
  async choose(selector: string, files: string[]): Promise<void> {
    const { root } = await this.send("DOM.getDocument");
    const { nodeId } = await this.send("DOM.querySelector", { nodeId: root.nodeId, selector });
    await this.send("DOM.setFileInputFiles", { nodeId, files });
  }

  /** Presses a key, for example `Tab`. */
  async press(key: string, text?: string): Promise<void> {
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, code: key, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key, code: key });
  }

  /** @returns PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Uint8Array.fromBase64(data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.socket.addEventListener("close", resolve, { once: true }));
    this.socket.close();
    this.process.kill();
    await this.process.status;
    await closed;
    await Deno.remove(this.profile, { recursive: true }).catch(() => {}); // children may still be writing
  }
}

/** Where a browser listens: it writes that into its profile. */
async function portOf(profile: string): Promise<[port: string, path: string]> {
  for (const end = performance.now() + PATIENCE; performance.now() < end;) {
    const text = await Deno.readTextFile(join(profile, "DevToolsActivePort")).catch(() => "");
    const [port, path] = text.split("\n");
    if (path) return [port, path];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("The browser does not say where it listens");
}
