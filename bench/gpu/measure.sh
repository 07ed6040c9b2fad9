#!/usr/bin/env bash
# Runs what pack.ts has laid beside this file, without a network: bash measure.sh OUT [--tiny] [--seconds N] [--cards N] PART...
# SEED_PJRT_PLUGIN names the plugin; without it that of JAX's CUDA package in python3 is taken.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$here/deno" ] || { gunzip -c "$here/deno.gz" >"$here/deno.new" && chmod +x "$here/deno.new" && mv "$here/deno.new" "$here/deno"; }
if [ -z "${SEED_PJRT_PLUGIN:-}" ]; then
  SEED_PJRT_PLUGIN=$(python3 - <<'P'
import glob, importlib.util, sys
for name in ("jax_plugins.xla_cuda13", "jax_plugins.xla_cuda12"):
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        continue
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for file in glob.glob(folder + "/xla_cuda_plugin.so"):
            sys.exit(print(file))
sys.exit("No PJRT plugin: name one by SEED_PJRT_PLUGIN, or install jax-cuda13-pjrt for python3")
P
  )
  export SEED_PJRT_PLUGIN
  # NVIDIA's libraries, and libdevice for the compiler, as its packages lay them beside the plugin.
  site=$(cd "$(dirname "$SEED_PJRT_PLUGIN")/../.." && pwd)
  for folder in "$site"/nvidia/*/lib; do LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"; done
  export LD_LIBRARY_PATH
  for toolkit in "$site/nvidia/cu13" "$site/nvidia/cuda_nvcc" /usr/local/cuda; do
    [ -e "$toolkit/nvvm/libdevice/libdevice.10.bc" ] || continue
    export XLA_FLAGS="--xla_gpu_cuda_data_dir=$toolkit ${XLA_FLAGS:-}"
    break
  done
fi
exec "$here/deno" run --allow-read --allow-write --allow-env --allow-sys --allow-ffi --allow-run --no-remote \
  "$here/measure.js" "$@"
