import type { Diagnosis, PluginContext } from "@seed/core";
import { PjrtApi } from "./pjrt/api.ts";
import { Client } from "./pjrt/client.ts";
import { PLUGIN_VARIABLE, pluginFile } from "./pjrt/plugin_file.ts";

/** Whether the plugin that the variable names loads, and what it computes on. */
export function diagnose({ resolve }: Pick<PluginContext, "resolve">): Diagnosis[] {
  const named = Deno.env.get(PLUGIN_VARIABLE);
  if (!named) {
    const message =
      `Not looked for: no plugin is named by ${PLUGIN_VARIABLE}; runs need none unless they ask for engine.plugin "@seed/engine-xla"`;
    return [{ subject: "XLA", ok: true, message }];
  }
  using client = Client.open(PjrtApi.load(pluginFile(resolve(named))), "all");
  const { api, devices, deviceKind, platform } = client;
  const found = `${devices.length} ${
    devices.length === 1 ? "device" : "devices"
  } of kind "${deviceKind}" (${platform})`;
  return [{ subject: "XLA", ok: true, message: `${found} by "${api.path}", PJRT C API ${api.version}` }];
}
