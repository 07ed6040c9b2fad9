import { cpus } from "node:os";
import { PjrtApi } from "../../plugins/engines/xla/pjrt/api.ts";
import { Client } from "../../plugins/engines/xla/pjrt/client.ts";

/** The machine: its cards as the driver tells of them, what the plugin finds, its processor. */
export async function describeCard(pluginFile: string) {
  using client = Client.open(PjrtApi.load(pluginFile), "all");
  const { api, devices, deviceKind, platform, platformVersion } = client;
  return {
    driver: await askDriver(),
    plugin: {
      ...{ file: pluginFile, api: api.version, platform, deviceKind, devices: devices.length },
      version: platformVersion.replaceAll(/\s+/g, " ").trim(),
    },
    memory: client.memory(),
    processor: { model: cpus()[0].model, cores: cpus().length },
    deno: Deno.version.deno,
  };
}

/** A line a card: name, memory, driver's version, compute capability; or why there is none. */
async function askDriver(): Promise<{ cards: string[] } | { missing: string }> {
  const args = ["--query-gpu=name,memory.total,driver_version,compute_cap", "--format=csv,noheader"];
  try {
    const { success, stdout, stderr } = await new Deno.Command("nvidia-smi", { args }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    return success ? { cards: out.split("\n") } : { missing: `nvidia-smi failed: ${err || out}` };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: "there is no nvidia-smi" };
    throw error;
  }
}
