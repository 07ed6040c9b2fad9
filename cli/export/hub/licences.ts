/**
 * Licences, as far as they are known: of what plugins fetch that come with SEED (docs/data_attributions.md). What a
 * folder or a file of the user's is under, nobody has said.
 *
 * @module
 */
const NOT_KNOWN = "not known";

/** By the plugin that fetches the pictures. */
const DATA: Readonly<Record<string, string>> = {
  "@seed/data-emoji": "Apache-2.0, CC-BY-4.0, CC-BY-SA-4.0 and MIT, by icon set",
  "@seed/data-fashion-mnist": "MIT",
  "@seed/data-cifar": "none is given by its authors",
};

/** By the SHA-256 of the file of weights, whoever names it. */
const TEACHERS: Readonly<Record<string, string>> = {
  "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d":
    "Apache-2.0; they learnt ImageNet with its labels, and its pictures have terms of their own",
};

/** Of the pictures that a data source gives. */
export function dataLicence(plugin: string | null): string {
  return plugin !== null && Object.hasOwn(DATA, plugin) ? DATA[plugin] : NOT_KNOWN;
}

/** Of a teacher's weights. */
export function teacherLicence(sha256: unknown): string {
  return typeof sha256 === "string" && Object.hasOwn(TEACHERS, sha256) ? TEACHERS[sha256] : NOT_KNOWN;
}
