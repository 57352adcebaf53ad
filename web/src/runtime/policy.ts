// Where a request runs, and why: edgelab/routing/policy.py and scores.py, in double precision as there.
import { largest } from "./decoding";

/** Thresholds and rules, as `routing.to_json` writes them; what is left out has Python's default. */
export interface Policy {
  score: "max_probability" | "margin" | "entropy" | "energy" | "learned";
  threshold: number;
  temperature: number;
  beyond: readonly string[];
  confirm: readonly string[];
  reach: number;
  confirm_below: number | null;
  offline: "answer" | "refuse";
  weights: readonly number[];
  /** Which bundle it was calibrated for: Python refuses any other before the page sees either. */
  calibrated_for: string | null;
}

export const DEFAULT_POLICY: Policy = {
  score: "energy",
  threshold: 0,
  temperature: 1,
  beyond: ["ask_cloud"],
  confirm: ["send_money", "place_order", "delete_data"],
  reach: 0.2,
  confirm_below: null,
  offline: "answer",
  weights: [],
  calibrated_for: null,
};

/** Where one request runs, why, and whether the user is asked before the call is carried out. */
export interface Decision {
  where: "local" | "cloud" | "refuse";
  reason:
    | "local"
    | "unsure"
    | "beyond the device"
    | "high stakes, confirm first"
    | "offline, degraded answer"
    | "offline, refused";
  score: number;
  confirm: boolean;
}

/** Probabilities of logits. */
export function softmax(logits: ArrayLike<number>): number[] {
  return logSoftmax(logits).map(Math.exp);
}

function logSoftmax(logits: ArrayLike<number>): number[] {
  const highest = max(logits);
  const shifted = Array.from(logits, (logit) => logit - highest);
  const total = Math.log(sum(shifted.map(Math.exp)));
  return shifted.map((logit) => logit - total);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const max = (numbers: ArrayLike<number>): number => numbers[largest(numbers)] ?? -Infinity;

/** How sure the model is of its answer, from its logits alone: higher is more sure. In the order in which the learned
 * router takes them. */
export const SCORES: Record<Exclude<Policy["score"], "learned">, (logits: readonly number[]) => number> = {
  max_probability: (logits) => max(softmax(logits)),
  margin: (logits) => {
    const best = largest(logits);
    return (logits[best] ?? NaN) - max(logits.filter((_, i) => i !== best));
  },
  entropy: (logits) => sum(logSoftmax(logits).map((log) => Math.exp(log) * log)),
  energy: (logits) => {
    const highest = max(logits);
    return highest + Math.log(sum(logits.map((logit) => Math.exp(logit - highest))));
  },
};

/** The policy's score of one request. */
export function policyScore(policy: Policy, logits: ArrayLike<number>): number {
  const scaled = Array.from(logits, (logit) => logit / policy.temperature);
  if (policy.score !== "learned") return SCORES[policy.score](scaled);
  const [intercept = NaN, ...weights] = policy.weights;
  const features = Object.values(SCORES).map((score) => score(scaled));
  return intercept + sum(features.map((feature, i) => feature * (weights[i] ?? NaN)));
}

/** The decision on one request, from its logits [labels]. */
export function decide(
  policy: Policy,
  logits: ArrayLike<number>,
  labels: readonly string[],
  online = true,
): Decision {
  if (logits.length !== labels.length) {
    throw new RangeError(`expected logits of ${labels.length} labels, found ${logits.length}`);
  }
  const score = policyScore(policy, logits);
  const label = labels[largest(logits)] ?? "";
  const isBeyond = policy.beyond.includes(label);
  const confirm = isHighStakes(policy, logits, labels) && (policy.confirm_below === null || score < policy.confirm_below);
  if (isBeyond || !(score >= policy.threshold)) {
    // a score that is not a number is no reason to stay
    if (online) return { where: "cloud", reason: isBeyond ? "beyond the device" : "unsure", score, confirm };
    if (isBeyond || policy.offline === "refuse") {
      return { where: "refuse", reason: "offline, refused", score, confirm: false };
    }
    return { where: "local", reason: "offline, degraded answer", score, confirm };
  }
  return { where: "local", reason: confirm ? "high stakes, confirm first" : "local", score, confirm };
}

function isHighStakes(policy: Policy, logits: ArrayLike<number>, labels: readonly string[]): boolean {
  if (policy.confirm.includes(labels[largest(logits)] ?? "")) return true;
  const probabilities = softmax(Array.from(logits, (logit) => logit / policy.temperature));
  return sum(probabilities.filter((_, i) => policy.confirm.includes(labels[i] ?? ""))) >= policy.reach;
}
