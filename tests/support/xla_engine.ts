import { XlaEngine, type XlaOptions } from "../../plugins/engines/xla/engine.ts";
import { cpuPlugin } from "./xla_plugin.ts";

/** An engine of its own on XLA's CPU plugin. */
export async function openXla(options: Partial<XlaOptions> = {}): Promise<XlaEngine> {
  const defaults = { devices: "all", depthwise: "auto", device: "cpu", trace: true } as const;
  return await XlaEngine.open({ pluginFile: await cpuPlugin(), ...defaults, ...options });
}
