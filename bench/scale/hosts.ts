/**
 * Hosts on one machine: network namespaces on a bridge, whose links let a given rate through. Needs root.
 *
 * @module
 */

/** A host: what a command has to be started by to run on it. */
export interface TestHost {
  readonly name: string;
  readonly address: string;
  readonly device: string;
  /** Words before a command. */
  readonly inside: readonly string[];
}

/** Hosts that are taken away in the end, with their links. */
export class TestHosts implements AsyncDisposable {
  private constructor(
    readonly hosts: readonly TestHost[],
    /** Address of the machine itself, on the same network. */
    readonly address: string,
    private readonly bridge: string,
  ) {}

  /**
   * @param megabits A second, that each host's link lets through in each direction.
   * @throws {Error} If this process has no right to make them.
   */
  static async make(count: number, megabits: number): Promise<TestHosts> {
    const id = `${Deno.pid % 10_000}`, bridge = `sb${id}`, net = `10.${200 + Deno.pid % 50}.7`;
    const hosts = Array.from({ length: count }, (_, i): TestHost => {
      const name = `scale${id}-${i}`;
      return {
        ...{ name, address: `${net}.${i + 1}`, device: `eth${i}` },
        inside: [
          "ip",
          "netns",
          "exec",
          name,
          "unshare",
          "--uts",
          "sh",
          "-c",
          `hostname host${i}; exec "$@"`,
          "sh",
        ],
      };
    });
    const made = new TestHosts(hosts, `${net}.254`, bridge);
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, made.#interrupted);
    try {
      await ip("link", "add", bridge, "type", "bridge");
      await ip("addr", "add", `${made.address}/24`, "dev", bridge);
      await ip("link", "set", bridge, "up");
      for (const [i, { name, address, device }] of hosts.entries()) {
        const outer = `sv${id}-${i}`;
        await ip("netns", "add", name);
        await ip("link", "add", outer, "type", "veth", "peer", "name", device, "netns", name);
        await ip("link", "set", outer, "master", bridge, "up");
        await ip("-n", name, "addr", "add", `${address}/24`, "dev", device);
        await ip("-n", name, "link", "set", device, "up");
        await ip("-n", name, "link", "set", "lo", "up");
        // Each end lets what it sends through at the rate: what the host sends, and what it is sent.
        await run("tc", ["-n", name, ...limit(device, megabits)]);
        await run("tc", limit(outer, megabits));
      }
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What was made outlives this process otherwise. */
  readonly #interrupted = async () => {
    await this[Symbol.asyncDispose]();
    Deno.exit(130);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.removeSignalListener(signal, this.#interrupted);
    for (const { name } of this.hosts) await ip("netns", "del", name).catch(() => {}); // was not made
    await ip("link", "del", this.bridge).catch(() => {});
  }
}

function limit(device: string, megabits: number): string[] {
  const burst = Math.max(64_000, megabits * 1e6 / 8 * 0.002); // two milliseconds' bytes
  const rate = ["rate", `${megabits}mbit`, "burst", `${Math.round(burst)}b`, "latency", "1s"];
  return ["qdisc", "add", "dev", device, "root", "tbf", ...rate];
}

async function ip(...args: string[]): Promise<void> {
  await run("ip", args);
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
