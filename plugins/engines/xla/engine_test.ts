import { checkEngine } from "@seed/core/conformance";
import { cpuPlugin, testWithXla } from "../../../tests/support/xla_plugin.ts";
import { XlaEngine, type XlaOptions } from "./engine.ts";

async function open(options: Partial<XlaOptions> = {}): Promise<XlaEngine> {
  const pluginFile = await cpuPlugin(), rest = { depthwise: "auto", device: "cpu", trace: true } as const;
  return await XlaEngine.open({ pluginFile, devices: "all", ...rest, ...options });
}

for (const devices of [1, 2, 4]) {
  testWithXla(`the engine xla keeps the engine's promises on ${devices} devices`, async (t) => {
    await using engine = await open({ devices });
    await checkEngine(t, { engine });
  });
}
