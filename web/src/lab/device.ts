// What kind of device this is, as coarse as the room's picture needs it: no version, no model's name.

export interface Device {
  kind: "phone" | "tablet" | "laptop" | "other";
  system: "Android" | "iOS" | "iPadOS" | "Windows" | "macOS" | "Linux" | "ChromeOS" | "other";
  /** On iOS and iPadOS every browser is Safari underneath, which is what runs the model. */
  browser: "Chrome" | "Edge" | "Firefox" | "Safari" | "Samsung" | "Opera" | "other";
  cores: number | null;
  memory_gb: number | null;
  screen: [number, number];
}

/** What a browser tells about itself. */
export interface Hints {
  userAgent: string;
  maxTouchPoints: number;
  hardwareConcurrency?: number | undefined;
  deviceMemory?: number | undefined;
  screen: { width: number; height: number };
}

export function describe(hints: Hints): Device {
  const system = systemOf(hints);
  return {
    kind: kindOf(hints, system),
    system,
    browser: browserOf(hints.userAgent, system),
    cores: hints.hardwareConcurrency ?? null,
    memory_gb: hints.deviceMemory ?? null,
    screen: [Math.round(hints.screen.width), Math.round(hints.screen.height)],
  };
}

function systemOf({ userAgent, maxTouchPoints }: Hints): Device["system"] {
  if (/iPhone|iPod/.test(userAgent)) return "iOS";
  if (userAgent.includes("iPad")) return "iPadOS";
  if (userAgent.includes("Macintosh")) return maxTouchPoints > 1 ? "iPadOS" : "macOS"; // an iPad may say that it is a Mac
  if (userAgent.includes("Android")) return "Android";
  if (userAgent.includes("CrOS")) return "ChromeOS";
  if (userAgent.includes("Windows")) return "Windows";
  return userAgent.includes("Linux") ? "Linux" : "other";
}

function kindOf({ userAgent }: Hints, system: Device["system"]): Device["kind"] {
  if (system === "Android") return userAgent.includes("Mobile") ? "phone" : "tablet";
  if (system === "iOS" || system === "iPadOS") return system === "iOS" ? "phone" : "tablet";
  return system === "other" ? "other" : "laptop";
}

function browserOf(userAgent: string, system: Device["system"]): Device["browser"] {
  if (system === "iOS" || system === "iPadOS") return "Safari";
  const named = { Firefox: "Firefox/", Edge: "Edg", Samsung: "SamsungBrowser/", Opera: "OPR/" } as const;
  for (const [name, sign] of Object.entries(named)) {
    if (userAgent.includes(sign)) return name as keyof typeof named; // all but Firefox name Chrome, too
  }
  if (/Chrome\/|Chromium\//.test(userAgent)) return "Chrome";
  return userAgent.includes("Safari/") ? "Safari" : "other";
}
