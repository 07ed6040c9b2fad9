import assert from "node:assert/strict";
import { memoryLimit } from "./memory_limit.ts";

const GB = 1e9;

function limit(files: Record<string, string>, total = 64 * GB): number | null {
  return memoryLimit({
    total: () => total,
    read(path) {
      if (path in files) return files[path];
      throw new Deno.errors.NotFound(path);
    },
  });
}

Deno.test("without a control group the limit is the machine's memory", () => {
  assert.equal(limit({}), 64 * GB);
  assert.equal(limit({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" }), 64 * GB);
});

Deno.test("the least of the groups around the process counts (cgroup v2)", () => {
  const files = {
    "/proc/self/cgroup": "0::/slurm/job_7/step_0\n",
    "/sys/fs/cgroup/slurm/job_7/step_0/memory.max": "max\n",
    "/sys/fs/cgroup/slurm/job_7/memory.max": "8000000000\n",
    "/sys/fs/cgroup/slurm/memory.max": "16000000000\n",
  };
  assert.equal(limit(files), 8 * GB);
});

Deno.test("a container's limit stands at the root of what is mounted in it", () => {
  const v2 = { "/proc/self/cgroup": "0::/../docker/abc\n", "/sys/fs/cgroup/memory.max": "2000000000\n" };
  assert.equal(limit(v2), 2 * GB);
  const v1 = {
    "/proc/self/cgroup": "11:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000000\n",
    "/sys/fs/cgroup/memory.max": "1\n",
  };
  assert.equal(limit(v1), 3 * GB);
});

Deno.test("v1's way to say that there is no limit is a number above all memory", () => {
  const files = {
    "/proc/self/cgroup": "4:memory:/\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  };
  assert.equal(limit(files), 64 * GB);
});

Deno.test("this machine's limit is known, and not more than its memory", () => {
  const found = memoryLimit();
  assert.ok(found !== null && found > 0 && found <= Deno.systemMemoryInfo().total);
  assert.equal(
    memoryLimit({
      total: () => {
        throw new Deno.errors.NotCapable();
      },
      read: () => "",
    }),
    null,
  );
});
