// The projector's view: the devices as they arrive.
import { LabError, type Lab } from "./api";
import { roomPicture } from "./charts";
import { deviceTable, follow } from "./devices";
import { byId, say, toggle } from "./dom";
import { count, roomSummary } from "./format";

export function openRoom(lab: Lab): void {
  const draw = roomPicture(byId("room-wide-picture"));
  const fill = deviceTable(byId("room-wide-table"));
  let devices: Parameters<typeof draw>[0] = [];
  addEventListener("resize", () => { draw(devices); });
  follow(
    lab,
    2000,
    (room) => {
      devices = room.devices;
      say(byId("room-count"), count(room.count, "device"));
      say(byId("room-text"), roomSummary(devices));
      say(byId("announce"), count(room.count, "device"));
      say(byId("room-state"), "");
      toggle(byId("room-devices"), devices.length > 0);
      draw(devices);
      fill(devices);
    },
    (error) => {
      const lost = error instanceof LabError && error.why === "gone";
      say(byId("room-state"), lost ? "The lab does not answer just now; what is shown was its last word." : String(error));
    },
  );
}
