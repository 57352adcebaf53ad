// What is told of many timings.
import { percentile } from "../runtime/statistics";

export const median = (values: readonly number[]): number => percentile(values, 50);

export interface Percentiles {
  p10: number;
  p50: number;
  p90: number;
  p99: number;
}

export function percentiles(values: readonly number[]): Percentiles {
  return {
    p10: percentile(values, 10),
    p50: percentile(values, 50),
    p90: percentile(values, 90),
    p99: percentile(values, 99),
  };
}
