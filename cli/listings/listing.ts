/** A kind of things that `ls` lists. */
export interface Listing<Item> {
  /** In order. */
  items(): Promise<Item[]>;
  /** Column titles. */
  readonly header: readonly string[];
  /** A row of the table. */
  cells(item: Item): string[];
  /** What to say if there are none. */
  readonly none: string;
}
