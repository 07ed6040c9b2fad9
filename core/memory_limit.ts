/**
 * How much memory this process may take: the machine's, or less in a container.
 *
 * @module
 */

import { constrainedMemory } from "node:process";

/** Where limits are read; a test gives others. */
export interface MemorySources {
  /** Bytes that the machine has, and that the system says the process may take. */
  total(): number;
  /** Content of a file. */
  read(path: string): string;
}

const SYSTEM: MemorySources = {
  total() {
    // Deno would ask a person who sits at the terminal.
    const { state } = Deno.permissions.querySync({ name: "sys", kind: "systemMemoryInfo" });
    if (state !== "granted") throw new Deno.errors.NotCapable("Needs --allow-sys=systemMemoryInfo");
    // Deno reads the limit of the process's own group, where a file of it may not be read.
    return Math.min(Deno.systemMemoryInfo().total, constrainedMemory() || Infinity);
  },
  read: (path) => Deno.readTextFileSync(path),
};

/**
 * Bytes of memory that this process may take: the machine's, or the limit of its control group (Linux cgroups v1 and
 * v2, as Docker, Kubernetes and Slurm set them), whichever is less. Null: Deno's permissions do not let it be known.
 */
export function memoryLimit(sources: MemorySources = SYSTEM): number | null {
  let total: number;
  try {
    total = sources.total();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return null;
    throw error;
  }
  return Math.min(total, ...limitFiles(sources).map((path) => limitIn(path, sources)));
}

/** Files that may hold a limit: of each group that the process is in, and of those around it. */
function limitFiles({ read }: MemorySources): string[] {
  const files: string[] = [];
  for (const line of textOf("/proc/self/cgroup", read).split("\n")) {
    const [, controllers, group] = line.match(/^\d+:([^:]*):(\/.*)$/) ?? [];
    if (group === undefined) continue;
    const isV2 = controllers === "";
    if (!isV2 && !controllers.split(",").includes("memory")) continue;
    const [root, file] = isV2
      ? ["/sys/fs/cgroup", "memory.max"]
      : ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"];
    // In a container the group's own path may be that of the host: then its root is what is mounted.
    const parts = group.split("/").filter(Boolean);
    for (let depth = parts.length; depth >= 0; depth--) {
      files.push([root, ...parts.slice(0, depth), file].join("/"));
    }
  }
  return files;
}

/** "max", or what is no number, is no limit. */
function limitIn(path: string, { read }: MemorySources): number {
  const text = textOf(path, read).trim();
  return /^\d+$/.test(text) ? Number(text) : Infinity;
}

/** Empty if there is no such file, or it must not be read: the machine's memory is the bound then. */
function textOf(path: string, read: MemorySources["read"]): string {
  try {
    return read(path);
  } catch {
    return "";
  }
}
