import assert from "node:assert/strict";
import { test } from "node:test";
import { describe } from "../../src/lab/device";

const MOZILLA = "Mozilla/5.0";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const CASES: [string, number, string][] = [
  [`${MOZILLA} (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`, 5, "phone Android Chrome"],
  [`${MOZILLA} (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, 5, "tablet Android Chrome"],
  [`${MOZILLA} (Linux; Android 13; SM-S) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`, 5, "phone Android Samsung"],
  [`${MOZILLA} (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0`, 5, "phone Android Firefox"],
  [`${MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${IOS} Version/18.5 Mobile/15E148 Safari/604.1`, 5, "phone iOS Safari"],
  [`${MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${IOS} CriOS/140.0 Mobile/15E148 Safari/604.1`, 5, "phone iOS Safari"],
  [`${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) ${IOS} Version/18.5 Safari/605.1.15`, 5, "tablet iPadOS Safari"],
  [`${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) ${IOS} Version/18.5 Safari/605.1.15`, 0, "laptop macOS Safari"],
  [`${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, 0, "laptop Windows Edge"],
  [`${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0`, 0, "laptop Windows Opera"],
  [`${MOZILLA} (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, 0, "laptop ChromeOS Chrome"],
  [`${MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`, 0, "laptop Linux Firefox"],
  ["a refrigerator", 0, "other other other"],
];

test("a device is told by its browser's own words", () => {
  for (const [userAgent, maxTouchPoints, expected] of CASES) {
    const { kind, system, browser } = describe({ userAgent, maxTouchPoints, screen: { width: 1, height: 1 } });
    assert.equal(`${kind} ${system} ${browser}`, expected, userAgent);
  }
});

test("what a browser does not tell is null", () => {
  const { cores, memory_gb } = describe({ userAgent: "", maxTouchPoints: 0, screen: { width: 1, height: 1 } });
  assert.deepEqual([cores, memory_gb], [null, null]);
});
