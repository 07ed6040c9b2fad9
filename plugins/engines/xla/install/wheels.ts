/**
 * The wheels of XLA's CUDA plugin and of the libraries that it opens: those that `jax-cuda13-plugin[with-cuda]` names,
 * each the newest on 2026-11-28. They are pinned together, because they must fit each other: cuDNN before 9.10.1 beside
 * cuBLAS from 12.9 on gives wrong products on several cards.
 *
 * @module
 */
import type { PinnedPackage } from "@seed/core";

/** Version of the plugin. */
export const PLUGIN_VERSION = "0.11.2";

/** The plugin and what it opens. Nothing of Python in them is run. */
export const WHEELS: readonly PinnedPackage[] = [
  wheel(
    "jax-cuda13-pjrt",
    PLUGIN_VERSION,
    "e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e",
  ),
  wheel("nvidia-cublas", "13.10.0.20", "dcc6d63884c53d07e267ce7e6feac17b2538cebaafec5db865736c3e28e4dc84"),
  wheel("nvidia-cuda-cupti", "13.5.25", "9dcca41c12a734192b14e7128ae116bc9ce1b9da686e2ebf48ae7a4415f76650"),
  wheel("nvidia-cuda-nvcc", "13.5.37", "f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7"),
  wheel("nvidia-cuda-nvrtc", "13.5.37", "86b4d68058807988b7d9af5b44917a0601e9c337f35ccd657bfb3c759ff8d8bc"),
  wheel("nvidia-cuda-runtime", "13.5.37", "df2b79a8852f10d1fef8c848489c49eebb5754051bf870202a862831412b179d"),
  wheel("nvidia-cudnn-cu13", "9.28.1.4", "a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec"),
  wheel("nvidia-cufft", "12.5.0.14", "b8be26837a5abad2b5b74f3e92dd29f622a42934b355be0961a48712cbba23ad"),
  wheel("nvidia-cusolver", "12.4.1.2", "b3b8e02fd2f2df869369af075dc3a179d43f6f7b85e94632a7dce556697be044"),
  wheel("nvidia-cusparse", "12.9.4.2", "072667e58c851a318738f5527a12eb225cbf058803f2ea451c722d8cf8edddec"),
  wheel("nvidia-nccl-cu13", "2.32.3", "1459723080ac889d73a26edfa3e04383a7928ab31ac8f0ec43b3ea9548b04ff3"),
  wheel("nvidia-nvjitlink", "13.5.37", "280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb"),
  wheel("nvidia-nvshmem-cu13", "3.8.0", "81a4d1f666543e6d34df6d2ff940c7da1435e34e186aab6f3c2b48861b64ef38"),
  wheel("nvidia-nvvm", "13.5.37", "c41bfa362e407405163f103c2229f0765f8cc2ed7d148b754dc77f228bf7e070"),
];

/** Platforms that the wheels are built for: pip takes each by its own name only. */
export const PLATFORMS = [
  ...["manylinux_2_27_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux_2_12_x86_64"],
  ...["manylinux_2_5_x86_64", "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"],
] as const;

/** The same wheels whatever Python runs pip: the plugin's says that it wants a newer one than some machines have. */
export const PIP_ARGUMENTS: readonly string[] = [
  ...["--python-version", "3.12", "--implementation", "cp"],
  ...PLATFORMS.flatMap((platform) => ["--platform", platform]),
];

function wheel(name: string, version: string, sha256: string): PinnedPackage {
  return { name, version, sha256: [sha256] };
}
