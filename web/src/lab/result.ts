// A device's own result: figures, pictures, and against the room.
import type { Lab, RoomDevice } from "./api";
import { drawTimings, drawWindows, roomPicture } from "./charts";
import { deviceTable, follow } from "./devices";
import { byId, html, say, toggle } from "./dom";
import { against, clockNote, slowing, time } from "./format";
import type { Kept, Report } from "./report";

export function showFigures({ report, samples }: Kept): void {
  const { latency_ms, load_ms, sustained } = report;
  say(byId("result-median"), time(latency_ms.p50));
  const figures: [string, number][] = [
    ["Download of model and engine", load_ms.download],
    ["Start of engine and model", load_ms.session],
    ["First answer", report.first_ms],
    ["Half of the answers under (solid line)", latency_ms.p50],
    ["9 of 10 under (dashed)", latency_ms.p90],
    ["99 of 100 under (dotted)", latency_ms.p99],
  ];
  byId("figures").replaceChildren(...figures.flatMap(([name, value]) => [html("dt", name), html("dd", time(value))]));
  say(byId("clock-note"), clockNote(report.batch, report.clock_step_ms));
  toggle(byId("minute"), sustained !== null);
  if (sustained !== null) say(byId("slowing"), slowing(sustained.p50_ms, sustained.seconds));
  const draw = (): void => {
    drawTimings(byId("timings-picture"), samples, samples.length);
    if (sustained !== null) drawWindows(byId("minute-picture"), sustained.p50_ms, sustained.p50_ms.length);
  };
  draw();
  addEventListener("resize", draw);
}

/** The room beside the person's own, kept up to date until the function that this returns is called. */
export function followRoom(lab: Lab, report: Report): () => void {
  const draw = roomPicture(byId("room-picture"));
  const fill = deviceTable(byId("room-table"));
  const mine = report.id.slice(0, 8);
  const own = asRoomDevice(report);
  let others: RoomDevice[] = [];
  const update = (): void => {
    say(byId("against"), against(own.p50_ms, others.map((device) => device.p50_ms)));
    draw([...others, own], mine);
    fill([...others, own], mine);
  };
  update();
  addEventListener("resize", update);
  const leave = follow(
    lab,
    10_000,
    (room) => {
      others = room.devices.filter((device) => device.id8 !== mine);
      update();
    },
    () => {
      if (others.length === 0) say(byId("against"), "The lab does not answer just now, so there is nothing to compare with.");
    },
  );
  return () => {
    leave();
    removeEventListener("resize", update);
  };
}

/** The own device as the room would show it: it is drawn before it was shared, or without being shared. */
function asRoomDevice({ id, device, latency_ms, load_ms, first_ms }: Report): RoomDevice {
  const { kind, system, browser } = device;
  const figures = { p50_ms: latency_ms.p50, p99_ms: latency_ms.p99, first_ms };
  return { id8: id.slice(0, 8), kind, system, browser, ...figures, load_ms: load_ms.download + load_ms.session };
}
