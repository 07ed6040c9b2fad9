/** Networks in the order that a page shows them, and what it calls them. */
const NAMES: Readonly<Record<string, string>> = {
  untrained: "Untrained",
  initial: "As it began",
  student: "Student",
  teacher: "Teacher",
};

/** Of the networks that there are, those a page shows side by side: the beginning, the student, the teacher. */
export function shownNetworks<T>(
  networks: Readonly<Record<string, T>>,
): { key: string; name: string; network: T }[] {
  const beginning = Object.hasOwn(networks, "initial") ? "initial" : "untrained";
  return [beginning, "student", "teacher"].filter((key) => Object.hasOwn(networks, key)).map((key) => ({
    ...{ key, name: NAMES[key], network: networks[key] },
  }));
}
