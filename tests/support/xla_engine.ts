import { XlaEngine, type XlaOptions } from "../../plugins/engines/xla/engine.ts";
import { cpuPlugin } from "./xla_plugin.ts";

/** An engine of its own on XLA's CPU plugin, which keeps no programs. */
export async function openXla(options: Partial<XlaOptions> = {}): Promise<XlaEngine> {
  const defaults = { devices: "all", depthwise: "auto", device: "cpu", trace: true } as const;
  const programs = { folder: null, log: (message: string) => console.error(message) };
  return await XlaEngine.open({ pluginFile: await cpuPlugin(), programs, ...defaults, ...options });
}
