// The table of the room's devices, and the asking for them.
import type { Lab, Room, RoomDevice } from "./api";
import { html } from "./dom";
import { number } from "./format";
import { pause, wait } from "./visibility";

const CAPTION =
  "The newest first; milliseconds: half of the answers under, 99 of 100 under, the first answer, download and start";
const COLUMNS = ["Device", "half", "99\u00a0%", "first", "load"];

/** A table that grows: rows that are there stay as they are, new ones come on top, the own one above them. */
export function deviceTable(table: HTMLElement): (devices: readonly RoomDevice[], mine?: string) => void {
  const body = html("tbody");
  const head = html("tr");
  COLUMNS.forEach((name, index) => {
    const cell = html("th", name, index === 0 ? "" : "number");
    cell.scope = "col";
    head.append(cell);
  });
  const header = html("thead");
  header.append(head);
  table.replaceChildren(html("caption", CAPTION), header, body);
  const known = new Map<string, HTMLTableRowElement>();
  return (devices, mine) => {
    const filled = known.size > (mine === undefined ? 0 : 1); // those that come first have not just arrived
    for (const device of devices) {
      let row = known.get(device.id8);
      if (row === undefined) {
        row = deviceRow(device);
        known.set(device.id8, row);
        body.prepend(row);
        row.classList.toggle("new", filled);
      }
      const own = device.id8 === mine;
      row.classList.toggle("mine", own);
      if (own && row !== body.firstElementChild) body.prepend(row);
    }
  };
}

function deviceRow(device: RoomDevice): HTMLTableRowElement {
  const row = html("tr");
  row.append(html("td", `${device.system} ${device.kind}, ${device.browser}`));
  for (const value of [device.p50_ms, device.p99_ms, device.first_ms, device.load_ms]) {
    row.append(html("td", number(value), "number"));
  }
  return row;
}

/** Ask for the room again and again while the page can be seen, until the function that this returns is called; `lost` is
 * told when the server does not answer. */
export function follow(lab: Lab, everyMs: number, seen: (room: Room) => void, lost: (error: unknown) => void): () => void {
  let going = true;
  const on = (): boolean => going;
  const ask = async (): Promise<void> => {
    while (on()) {
      await pause();
      await lab.room().then(
        (room) => { if (on()) seen(room); },
        (error: unknown) => { if (on()) lost(error); },
      );
      await wait(everyMs);
    }
  };
  void ask();
  return () => { going = false; };
}
