/** What a recipe is called: the name of its file without its ending. A run's record may come from another system. */
export function recipeName(path: string): string {
  return path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, "");
}
