// Whether the page can be seen: browsers slow or freeze pages that cannot, so nothing is timed meanwhile.

let hidden = 0;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hidden += 1;
});

/** How often the page was hidden so far. */
export const hides = (): number => hidden + (document.hidden ? 0.5 : 0);

/** Resolves when the page has drawn and taken taps, and can be seen. */
export async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  if (!document.hidden) return;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
  });
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
