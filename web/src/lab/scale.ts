// Where things lie in a picture: pure geometry.

export interface Axis {
  from: number;
  to: number;
  ticks: number[];
  /** A value's place, 0 at the start of the axis to 1 at its end. */
  place: (value: number) => number;
}

/** A logarithmic axis of positive values, with ticks at 1, 2 and 5 times a power of ten. */
export function logAxis(values: readonly number[]): Axis {
  const steps = niceSteps();
  const low = values.length === 0 ? 1 : Math.min(...values);
  const high = values.length === 0 ? 1 : Math.max(...values);
  const from = steps.findLast((step) => step <= low * 0.999) ?? 1e-4;
  const to = steps.find((step) => step >= high * 1.001 && step > from) ?? from * 10;
  const place = (value: number): number => Math.log(Math.max(value, from) / from) / Math.log(to / from);
  return { from, to, ticks: steps.filter((step) => step >= from && step <= to), place };
}

/** A linear axis from 0 to the first round number above all values. */
export function linearAxis(values: readonly number[]): Axis {
  const high = Math.max(...values, 0);
  const to = niceSteps().find((step) => step >= high) ?? 1;
  return { from: 0, to, ticks: [0, to / 2, to], place: (value) => value / to };
}

function niceSteps(): number[] {
  const powers = Array.from({ length: 11 }, (_, index) => index - 4);
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
}

/** Dots on a line that would cover each other are stacked: the row of each (0 lowest), its place kept. `places` and `gap`
 * (how far two dots of a row must lie apart) are in the same unit; the order of the rows follows the places. */
export function stack(places: readonly number[], gap: number): number[] {
  const order = places.map((_, index) => index).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0) || a - b);
  const ends: number[] = [];
  const rows = places.map(() => 0);
  for (const index of order) {
    const place = places[index] ?? 0;
    let row = ends.findIndex((end) => place - end >= gap);
    if (row < 0) row = ends.length;
    ends[row] = place;
    rows[index] = row;
  }
  return rows;
}

/** Ticks thinned from the left until their labels have `gap` (a share of the axis) between them. */
export function thinned(axis: Axis, gap: number): number[] {
  const kept: number[] = [];
  for (const tick of axis.ticks) {
    const last = kept.at(-1);
    if (last === undefined || axis.place(tick) - axis.place(last) >= gap) kept.push(tick);
  }
  return kept;
}
