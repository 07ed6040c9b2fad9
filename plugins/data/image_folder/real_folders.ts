import { sep } from "node:path";

/**
 * The folders on the disk that a listing has been in: by links a folder may be reached by many ways, or from within
 * itself, and its images would count as often, or for ever.
 */
export class RealFolders {
  readonly #seen = new Set<string>();
  /** Real paths of the folders from the root to where the listing is. */
  readonly #above: string[] = [];

  /**
   * @param root The real path of the folder that is listed.
   * @param isPassedOver Whether folders of a name are not listed.
   */
  constructor(private readonly root: string, private readonly isPassedOver: (name: string) => boolean) {
    this.#seen.add(root);
    this.#above.push(root);
  }

  /**
   * Goes into a folder.
   *
   * @param path As it is reached.
   * @param place Its real path, if it is no link.
   * @returns its real path; null: its images are listed at another place.
   */
  async enter(path: string, place: string, isLink: boolean): Promise<string | null> {
    const real = isLink ? await Deno.realPath(path) : place;
    if (this.#seen.has(real) || isLink && (this.#leadsRound(real) || this.#isListed(real))) return null;
    this.#seen.add(real);
    this.#above.push(real);
    return real;
  }

  /** Comes back from a folder; null: it was not entered. */
  leave(place: string | null): void {
    if (place !== null) this.#above.pop();
  }

  #leadsRound(real: string): boolean {
    return this.#above.some((folder) => folder === real || isWithin(real, folder));
  }

  /** Whether a folder is, or will be, listed at its own place. */
  #isListed(real: string): boolean {
    return isWithin(this.root, real) && !real.slice(this.root.length).split(sep).some(this.isPassedOver);
  }
}

function isWithin(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
