import assert from "node:assert/strict";
import { join } from "node:path";
import { findPip, pipEnvironment } from "./pip_program.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const CHECK = new URL("./check_pip.ts", import.meta.url).href;

/** Whether an installation would work in a process with these settings; else what is said. */
async function check(options: { env?: Record<string, string>; cwd?: string }): Promise<string> {
  const code = `import { checkPip } from "${CHECK}";
    await checkPip().then(({ name }) => console.log("works", name), (error) => console.log(error.name, error.message));`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--config", CONFIG, code],
    ...options,
  }).output();
  return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "seed-pip-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a pip.py in the folder where a command is given is not run", () =>
  inFolder(async (folder) => {
    for (const name of ["pip.py", "site.py", "sitecustomize.py", "usercustomize.py"]) {
      await Deno.writeTextFile(join(folder, name), `open(${JSON.stringify(join(folder, "ran"))}, "w")\n`);
    }
    assert.match(await check({ cwd: folder }), /^works/);
    await assert.rejects(Deno.stat(join(folder, "ran")), Deno.errors.NotFound);
    // Nor with a pip that is not found in isolation: one of the user's own, or of Python 2.
    const { program } = await findPip(), bin = join(folder, "bin");
    await Deno.mkdir(bin);
    await Deno.writeTextFile(
      join(bin, "python3"),
      `#!/bin/sh\n[ "$1" = -I ] && exit 1\nexec "${await pathOf(program)}" "$@"\n`,
      { mode: 0o755 },
    );
    assert.match(await check({ cwd: folder, env: { PATH: `${bin}:/usr/bin:/bin` } }), /^works/);
    await assert.rejects(Deno.stat(join(folder, "ran")), Deno.errors.NotFound);
  }));

async function pathOf(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["-c", "import sys; print(sys.executable)"] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("settings of the user's own installations do not stop one of ours", () =>
  inFolder(async (folder) => {
    const config = join(folder, "pip.conf"), elsewhere = join(folder, "elsewhere");
    await Deno.writeTextFile(
      config,
      `[global]\nuser = true\nrequire-virtualenv = true\nprefix = ${elsewhere}\ntarget = ${elsewhere}\n` +
        `[install]\nuser = yes\ndry-run = true\nno-binary = :all:\n`,
    );
    const variables = {
      ...{ PIP_REQUIRE_VIRTUALENV: "1", PIP_USER: "1", PIP_PREFIX: elsewhere, PIP_TARGET: elsewhere },
      ...{ PIP_ROOT: elsewhere, PIP_DRY_RUN: "1", PIP_NO_BINARY: ":all:", PIP_CONSTRAINT: elsewhere },
    };
    for (const [name, value] of Object.entries(variables)) {
      assert.match(await check({ env: { [name]: value } }), /^works/, name);
    }
    for (const env of [variables, { PIP_CONFIG_FILE: config }, { ...variables, PIP_CONFIG_FILE: config }]) {
      assert.match(await check({ env }), /^works/);
    }
    await assert.rejects(Deno.stat(elsewhere), Deno.errors.NotFound);
  }));

Deno.test("settings of where packages come from reach pip", () => {
  const kept = {
    ...{ PIP_INDEX_URL: "https://a", PIP_EXTRA_INDEX_URL: "https://b", PIP_CERT: "c", PIP_PROXY: "d" },
    ...{
      PIP_TRUSTED_HOST: "e",
      PIP_CONFIG_FILE: "f",
      PIP_FIND_LINKS: "g",
      PIP_NO_INDEX: "1",
      PIP_RETRIES: "2",
    },
    ...{ HTTPS_PROXY: "h", SSL_CERT_FILE: "i", PATH: "j", HOME: "k", PIPX_HOME: "l" },
  };
  const { PIP_USER, PIP_ROOT, ...others } = pipEnvironment({ ...kept, PIP_USER: "1", PIP_ROOT: "/" });
  assert.deepEqual([PIP_USER, PIP_ROOT], ["0", undefined]);
  for (const [name, value] of Object.entries(kept)) assert.equal(others[name], value, name);
});

Deno.test("a pip that cannot install is told with what it says", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "python3"),
      `#!/bin/sh\ncase "$*" in *--version*) echo "pip 1.0 from x"; exit 0 ;; esac\necho "no such option: --target" >&2; exit 2\n`,
      { mode: 0o755 },
    );
    const said = await check({ env: { PATH: `${folder}:/usr/bin:/bin` } });
    assert.match(
      said,
      /^RunError pip 1\.0 \(python3 -m pip\) cannot install into a folder; .*\nIt said: no such opt/,
    );
  }));
