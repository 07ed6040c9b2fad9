/**
 * Two hosts on one machine: network namespaces with names of their own that are joined by a cable, a pair of virtual
 * Ethernet devices.
 *
 * @module
 */
import { type Outcome, startCli } from "./cli.ts";
import { type Listener, listeners } from "./system_processes.ts";

/** One of them. */
export interface TestHost {
  readonly name: string;
  readonly address: string;
}

/** Both, until they are disposed of. */
export class TwoHosts implements AsyncDisposable {
  readonly hosts: readonly [TestHost, TestHost] = [
    { name: "host-a", address: "10.77.0.1" },
    { name: "host-b", address: "10.77.0.2" },
  ];
  readonly #namespaces = this.hosts.map(({ name }) => `seed-${Deno.pid}-${name}`);

  private constructor() {}

  /** @throws {Error} If there is no right to, or no `ip` of iproute2. */
  static async make(): Promise<TwoHosts> {
    const both = new TwoHosts(), [a, b] = both.#namespaces;
    try {
      for (const namespace of both.#namespaces) await ip("netns", "add", namespace);
      await ip("link", "add", "eth0", "netns", a, "type", "veth", "peer", "name", "eth0", "netns", b);
      for (const [i, namespace] of both.#namespaces.entries()) {
        await ip("-n", namespace, "address", "add", `${both.hosts[i].address}/24`, "dev", "eth0");
        for (const device of ["lo", "eth0"]) await ip("-n", namespace, "link", "set", device, "up");
      }
      // A cable counts as plugged in a second later; libfabric does not find its end before, and fails.
      for (const namespace of both.#namespaces) await untilUp(namespace);
      return both;
    } catch (error) {
      await both[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Why they cannot be made here; null: they can. */
  static async whyNot(): Promise<string | null> {
    if (Deno.build.os !== "linux") return "ignored: network namespaces are Linux's";
    try {
      await (await TwoHosts.make())[Symbol.asyncDispose]();
      await run(["unshare", "--uts", "true"]);
      await run(["ss", "--version"]);
      return null;
    } catch (error) {
      return `ignored: network namespaces cannot be made: ${(error as Error).message}`;
    }
  }

  /** Starts the command line on a host, as the process of that rank. */
  start(
    host: 0 | 1,
    args: string[],
    { env, cwd }: { env: Record<string, string>; cwd: string },
  ): { outcome: Promise<Outcome>; kill(signal: Deno.Signal): void } {
    const inside = [
      ...["ip", "netns", "exec", this.#namespaces[host], "unshare", "--uts"],
      ...["bash", "-c", `hostname ${this.hosts[host].name} && exec "$@"`, "bash"],
    ];
    return startCli(args, { env, cwd, inside });
  }

  /** What listens on a host. */
  async listeners(host: 0 | 1): Promise<Listener[]> {
    return await listeners(["ip", "netns", "exec", this.#namespaces[host]]);
  }

  /** Pulls the cable out, or puts it in. */
  async setLink(state: "up" | "down"): Promise<void> {
    await ip("-n", this.#namespaces[1], "link", "set", "eth0", state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces) await ip("netns", "delete", namespace).catch(() => {}); // not made yet
  }
}

/** @throws {Error} If its device is not up within ten seconds. */
async function untilUp(namespace: string): Promise<void> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
    if (/ state UP /.test(await ip("-n", namespace, "-oneline", "link", "show", "eth0"))) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The device of the network namespace ${namespace} does not come up`);
}

async function ip(...args: string[]): Promise<string> {
  return await run(["ip", ...args]);
}

/** @returns what it says. */
async function run([program, ...args]: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output(),
    text = new TextDecoder();
  if (code !== 0) throw new Error(text.decode(stderr).trim());
  return text.decode(stdout);
}
