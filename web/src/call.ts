/** A prediction as a tool call reads: `set_alarm(time="seven", date="tomorrow")`. */
export function callText({ label, slots }: { label: string; slots: Record<string, string[]> }): string {
  const given = Object.entries(slots).map(([name, values]) => {
    const quoted = values.map((value) => JSON.stringify(value));
    return `${name}=${quoted.length === 1 ? (quoted[0] ?? "") : `[${quoted.join(", ")}]`}`;
  });
  return `${label}(${given.join(", ")})`;
}
