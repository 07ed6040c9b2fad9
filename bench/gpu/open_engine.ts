import { XlaEngine, type XlaOptions } from "../../plugins/engines/xla/engine.ts";
import type { ProgramMemory } from "../../plugins/engines/xla/pjrt/executable.ts";

/** A program that was compiled. */
export interface Compiled {
  name: string;
  seconds: number;
  memory: ProgramMemory;
}

/** What a part computes on. */
export interface Machine {
  pluginFile: string;
  /** How many devices share each batch. */
  devices: number | "all";
  /** False: there must be several, or one would be measured as if they were. */
  isOne: boolean;
}

/** An engine that says what it compiles; it keeps no programs, so that every compilation is seen. */
export async function openEngine(
  { pluginFile, devices, isOne }: Machine,
  depthwise: XlaOptions["depthwise"] = "convolution",
): Promise<{ engine: XlaEngine; compiled: Compiled[] }> {
  const engine = await XlaEngine.open({
    ...{ pluginFile, devices, depthwise, device: "auto", trace: true },
    programs: { folder: null, log: (message) => console.error(message) },
  });
  if (!isOne && engine.deviceCount < 2) {
    await engine[Symbol.asyncDispose]();
    throw new Error("the machine has one card");
  }
  const compiled: Compiled[] = [], { programs } = engine.backend, compile = programs.compile.bind(programs);
  programs.compile = async (name, text) => {
    const started = performance.now(), program = await compile(name, text);
    compiled.push({ name, seconds: (performance.now() - started) / 1000, memory: program.memory() });
    return program;
  };
  return { engine, compiled };
}
