/** Why a recipe with so many students is refused where it is to train in several processes. */
export function trainInOne(students: number): string {
  return `The recipe has ${students} students, which train in one process together`;
}
